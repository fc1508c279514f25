"""Names that evaluation tools give to metrics, beside those of General-Bench (docs/spec.md section 2 has the mappings).

lm-evaluation-harness, lmms-eval, VLMEvalKit, HELM, inspect, mteb, OpenCompass and every_eval_ever.
"""

from __future__ import annotations

__all__ = ["CORRELATIONS", "NAMES", "PERCENTS"]

NAMES: dict[str, tuple[str, ...]] = {
    "Acc": (
        "accuracy", "acc_norm", "acc_mutual_info", "acc_bytes", "acc_all", "aAcc", "fAcc", "qAcc", "mean_accuracy",
        "mmmu_acc", "mc1", "top1", "acc@1", "accuracy@1",
    ),
    "EM@1": (
        "exact_match", "em", "exact_match@1", "quasi_exact_match", "prefix_exact_match",
        "quasi_prefix_exact_match", "best_exact_match", "strict_match", "relaxed_accuracy", "relaxed_overall",
    ),
    "F1": ("f1_score", "best_f1", "f1_macro", "macro_f1", "f1_weighted", "weighted_f1", "max_f1", "cos_sim_f1", "f1a"),
    "Micro-F1": ("f1_micro",),
    "BLEU-1": ("bleu_1", "bleu1"),
    "BLEU-4": ("bleu", "bleu_4", "bleu4", "sacrebleu"),
    "ROUGE-1": ("rouge1", "rouge_1", "rouge1_max"),
    "ROUGE-L": ("rouge_l", "rougeL", "rougeLsum", "rougeL_max"),
    "ANLS": ("anls_score",),
    "mIoU": ("iou", "mean_iou", "iou_mean"),
    "AP": ("average_precision", "max_ap", "cosine_ap", "cos_sim_ap"),
    "mAP": ("map", "mean_average_precision", "map_at_1000", "lrap"),
    "AUC": ("roc_auc", "auroc"),
    "DICE": ("dice_score",),
    "CIDEr": ("cider_score",),
    "WER": ("word_error_rate",),
    "MAE": ("mean_absolute_error",),
    "MSE": ("mean_squared_error",),
    "Percent": ("score_percent", "percentage", "mc2"),
}  # fmt: skip
"""Other names of metrics that are known already."""

PERCENTS: dict[str, tuple[str, ...]] = {
    "Precision": ("precision_macro", "macro_precision", "cosine_precision"),
    "Recall": ("recall_macro", "macro_recall", "sensitivity", "recall_at_1", "recall_at_5", "recall_at_10"),
    "nDCG": ("ndcg_at_10", "ndcg_at_1", "ndcg_at_5", "ndcg@10", "ndcg"),
    "MRR": ("mrr_at_10", "mrr@10", "reciprocal_rank"),
    "V-measure": ("v_measure",),
    "Hit rate": ("hit_rate_at_1", "hit@1", "success_rate"),
    "ROUGE-2": ("rouge2", "rouge_2", "rouge2_max"),
    "chrF": ("chrf++",),
    "METEOR": ("meteor_score",),
    "pass@1": ("pass_at_1", "pass@k", "humaneval_pass@1", "mbpp_pass@1"),
    "Win rate": ("win_rate", "lc_win_rate", "length_controlled_win_rate"),
    "Instruction following": (
        "prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc", "inst_level_loose_acc",
    ),
}  # fmt: skip
"""Metrics of tools that are percents from 0 to 100."""

CORRELATIONS: dict[str, tuple[str, ...]] = {
    "MCC": ("matthews_correlation", "matthews_corrcoef", "mcc_score"),
    "Spearman": ("cosine_spearman", "cos_sim_spearman", "spearmanr", "spearman_corr"),
    "Pearson": ("cosine_pearson", "cos_sim_pearson", "pearsonr", "pearson_corr"),
    "Kappa": ("cohen_kappa", "quadratic_kappa"),
}
"""Metrics from -1 to 1, where 0 is chance: they count from 0, and below it as 0 points."""
