"""Compares the tokens of `sentences` with those of Hugging Face's tokenizers.

    python3 -m venv build/compare && build/compare/bin/pip install tokenizers
    build/compare/bin/python examples/sentences/compare_tokens.py build/examples/sentences/sentences

Lines: sentences.txt, hard cases, random mixtures of them, and every character of Unicode between letters.
"""

import argparse
import pathlib
import random
import subprocess
import tempfile
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent

HARD = [
    "",
    " ",
    "\t \u00a0\u2003\u3000",
    "Crème brûlée, naïve café, Ångström, Łódź, Þingvellir, İstanbul, ǅungla, œuvre, ﬁne ﬂour",
    "e\u0301 a\u0308 o\u0302\u0323 \u0301lone",
    "ΆΈΉΊΌΎΏ άέήίόύώ ΐΰ ς Σ ᾳ ᾼ",
    "Ёлка, йод, Її, Ґанок, ў",
    "Tiếng Việt có nhiều dấu thanh",
    "한국어 문장입니다. ㄱㄴㄷ",
    "日本語の文章、ガギグゲゴ。ﾊﾝｶｸ",
    "中文句子，没有空格。㐀𠀀豈",
    "हिन्दी में एक वाक्य। தமிழ் ภาษาไทย العربيّة עִבְרִית",
    "😀😂🤷🏽‍♀️👨‍👩‍👧‍👦🇩🇪 a😀b",
    "don't can't we're it's o'clock rock'n'roll ‘quoted’ “double” «guillemets» ‹x›",
    "a-b–c—d―e‐f‑g_h/i\\j|k~l^m`n$o+p=q<r>s",
    "C++20 & C#; f(x)=x²; 3½ cups; 10⁻³; №5; ™©®; €£¥¢₿; ∑∫√∞≠≤",
    "https://example.org/a?b=c&d=%20#e user.name+tag@example.co.uk",
    "1,234,567.89 1.5e-10 0xDEADBEEF 192.168.0.1 12:34:56 50%",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "x" * 99,
    "x" * 100,
    "x" * 101,
    "é" * 100,
    "é" * 101,
    "\u00e9\u0301" * 60,
    "한" * 34,
    "word " * 300,
    "a." * 200,
    "中" * 300,
    "[CLS] [SEP] [MASK] [PAD] [UNK] [unused0] [cls] [MASK][MASK] a[MASK]b [MASK",
    "soft\u00adhyphen zero\u200bwidth\u200djoin\ufeffbom \u202eright to left\u202c",
    "bell\x07 escape\x1b[31m red \x7f delete \x85 next \x0b line \x0c feed\x1fend",
    "line\u2028separator paragraph\u2029separator ogham\u1680space",
    "\ufffd replaced \ue000 private \U000f0000 \u0378 unassigned",
    "ALL CAPS ẞ SS ß ŒÆ ĲIJ ŉ ǆ",
    "ａｂｃ１２３ ＡＢＣ！",
    "##ing ##s #hash @at",
    "tab\tseparated\tvalues",
    "multiple   spaces    here",
    "...?!?!... --- *** ___",
    "mixed中文and日本語and한국어text",
]


def mixtures(lines, count):
    """Lines whose words come from anywhere, and some with random characters in between: those of Unicode 3.2, since the
    tables of tokenizers are old."""
    draw = random.Random(1)
    known = [code for code in [*range(0x20, 0x3000), *range(0x1D400, 0x1D800)]
             if unicodedata.ucd_3_2_0.category(chr(code)) != "Cn"]
    known = sorted(set(known) - {0x166D, 0x1734, 0x1885, 0x1886})  # whose kind has changed since
    words = [word for line in lines for word in line.split(" ")]
    for i in range(count):
        picked = draw.choices(words, k=draw.randint(1, 30))
        if i % 2:
            letters = list(" ".join(picked))
            for _ in range(5):
                letters.insert(draw.randrange(len(letters) + 1), chr(draw.choice([*known, 0x1F600, 0x4E2D])))
            yield "".join(letters)
        else:
            yield draw.choice(["", " ", "  "]).join(picked)


def ours(program, model, lines):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="") as file:
        file.write("".join(line + "\n" for line in lines))
        file.flush()
        out = subprocess.run([program, file.name, "--model", model, "--tokens"], check=True, capture_output=True).stdout
    return [[int(token) for token in line.split()] for line in out.decode().splitlines()]


def differences(name, program, model, tokenizer, lines):
    wanted = [encoding.ids for encoding in tokenizer.encode_batch(lines)]
    found = ours(program, model, lines)
    assert len(found) == len(wanted), (len(found), len(wanted))
    differ = [i for i in range(len(lines)) if found[i] != wanted[i]]
    print(f"{name}: {len(lines)} lines, {len(differ)} differ")
    return differ


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--model", default=str(HERE.parent.parent / "build" / "all-MiniLM-L6-v2"))
    given = options.parse_args()

    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(given.model + "/vocab.txt", lowercase=True)
    tokenizer.enable_truncation(256)

    def compare(name, lines):
        differ = differences(name, given.program, given.model, tokenizer, lines)
        for i in differ[:5]:
            print("   ", ascii(lines[i])[:100])
            print("        ours  ", ours(given.program, given.model, [lines[i]])[0][:20])
            print("        theirs", tokenizer.encode(lines[i]).ids[:20])
        return len(differ)

    plain = (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()
    wrong = compare("sentences.txt", plain)
    wrong += compare("hard cases", HARD)
    wrong += compare("mixtures", list(mixtures(plain + HARD, 2000)))

    # No text holds a zero byte, and a line feed ends a line.
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000 and code != 0x0A]
    lines = [f"a{letter}b {letter}" if letter != "\r" else "a\rb" for letter in letters]
    differ = differences("characters of Unicode", given.program, given.model, tokenizer, lines)
    kinds = {}
    for i in differ:
        kinds.setdefault(unicodedata.category(letters[i]), []).append(letters[i])
    for kind, some in sorted(kinds.items()):
        print(f"    {len(some)} of category {kind}, such as", ", ".join(f"U+{ord(letter):04X}" for letter in some[:8]))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
