"""Names that must be harmless wherever they are shown."""

SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("x","y")'
LINK = "[click](javascript:alert(1)) https://x.invalid"
TEX = "\\input{secret}"
TEX_ROW = "a & b \\\\ [2pt] % $x^2_3$ ~#"
PIPE = "a | b `c` *d*\nnext line"
LONG = "n" * 5000
RTL = "good\u202elive\u202c\u2066"
TERMINAL = "red\x1b[31m\x07\rgone\x00"
END = "</script></style></textarea>-->"
ENTITY = "&lt;b&gt; \" ' &amp;"
NAMES = (SCRIPT, IMAGE, FORMULA, LINK, TEX, TEX_ROW, PIPE, LONG, RTL, TERMINAL, END, ENTITY)
