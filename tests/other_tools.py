"""Small result files as other tools write them."""

LM_EVAL = {
    "results": {
        "mmlu": {"acc,none": 0.5, "acc_stderr,none": "N/A", "alias": "mmlu"},
        "mmlu_law": {"acc,none": 0.25, "acc_stderr,none": 0.05, "alias": " - law"},
        "gsm8k": {
            "exact_match,strict-match": 0.75,
            "exact_match_stderr,strict-match": 0.01,
            "exact_match,flexible-extract": 0.8,
            "exact_match_stderr,flexible-extract": 0.02,
            "submission,none": None,
        },
        "wikitext": {"word_perplexity,none": 12.5, "word_perplexity_stderr,none": "N/A"},
    },
    "groups": {"mmlu": {"acc,none": 0.5}},
    "group_subtasks": {"mmlu": ["mmlu_law"], "gsm8k": []},
    "versions": {"mmlu_law": 1.0, "gsm8k": 3, "wikitext": 2},
    "n-shot": {"mmlu_law": 5, "gsm8k": 8, "wikitext": 0},
    "higher_is_better": {"gsm8k": {"exact_match": True}, "wikitext": {"word_perplexity": False}},
    "n-samples": {"mmlu_law": {"original": 100, "effective": 80}},
    "config": {"model": "hf", "model_args": "pretrained=org/m,revision=r1", "model_sha": "abc", "limit": 80.0},
    "date": 1700000000.5,
    "model_name": "org/m",
}


def stat(name, split, mean, perturbation=None):
    of = {"name": name, "split": split} | ({"perturbation": perturbation} if perturbation else {})
    return {"name": of, "count": 1, "mean": mean, "stddev": 0.0}


HELM_SPEC = {
    "name": "mmlu:subject=law,method=multiple_choice_joint,model=org_m",
    "adapter_spec": {"model": "org/m", "max_train_instances": 5, "max_eval_instances": 1000},
    "groups": ["mmlu"],
}


INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {
        "created": "2025-10-21T01:12:03+02:00",
        "task": "arc",
        "task_version": 0,
        "model": "org/m",
        "config": {"limit": None},
    },
    "results": {
        "total_samples": 40,
        "completed_samples": 40,
        "scores": [
            {
                "name": "choice",
                "scored_samples": 39,
                "metrics": {
                    "accuracy": {"name": "accuracy", "value": 0.5},
                    "stderr": {"name": "stderr", "value": 0.08},
                },
            }
        ],
    },
}


MTEB = {
    "dataset_revision": "d1",
    "task_name": "STS",
    "mteb_version": "1.36",
    "scores": {
        "test": [
            {"hf_subset": "default", "pearson": 0.8, "cosine_spearman": 0.83, "spearman": 0.83, "main_score": 0.83},
            {"hf_subset": "de", "languages": ["deu"], "accuracy": 0.7, "main_score": 0.7},
            {"hf_subset": "fr", "odd": 0.1, "main_score": 0.2},
        ]
    },
}


OPENCOMPASS = """dataset,version,metric,mode,m-7b,m-70b
--------- exam ---------,-,-,-,-,-
law,a1,accuracy,gen,31.58,82.00 (7/8)
art,b2,accuracy,ppl,25.00,-
exam,-,naive_average,gen,28.29,82.00
"""


CARD = """---
license: apache-2.0
model-index:
- name: m
  results:
  - task: {type: token-classification}
    dataset: {name: CoNLL, type: conll, config: en, split: test, revision: r1}
    metrics:
    - {name: F1, type: f1, value: 0.93}
    - {type: accuracy, value: 98.4%}
    - {type: loss, value: about 3}
---
# m
"""
