"""Links in the documents lead somewhere: relative links, their #headings, and `paths` in backticks."""
import os
import re

from . import sources

LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
# A path in backticks is checked when it begins with one of our folders and holds no placeholder.
OWN_PATH = re.compile(r"^(?:common|enclave|host|client|cli|include|tools|tests|fuzz|bench|docs|"
                      r"third_party|deploy|bindings|console)/[A-Za-z0-9_./-]*$")


def heading_slugs(path):
    slugs = set()
    for match in re.finditer(r"^#+\s+(.+?)\s*#*$", FENCE.sub("", sources.text(path)), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", match[1].replace("`", "").lower())
        slugs.add(words.strip().replace(" ", "-"))
    return slugs


def check_link(path, line, target, problems):
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return
    name, _, anchor = target.partition("#")
    full = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
    if not os.path.exists(f"{sources.ROOT}/{full}"):
        problems.append(f"{path}:{line}: dead link {target}")
    elif anchor and full.endswith(".md") and anchor not in heading_slugs(full):
        problems.append(f"{path}:{line}: no heading for {target}")


def run():
    """Returns a list of problems."""
    problems = []
    for path in sources.files():
        if not path.endswith(".md"):
            continue
        text = FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), sources.text(path))
        for match in LINK.finditer(text):
            check_link(path, sources.line_of(text, match.start()), match[1], problems)
        for match in CODE.finditer(text):
            word = match[1]
            if OWN_PATH.match(word) and "NAME" not in word and not os.path.exists(f"{sources.ROOT}/{word}"):
                line = sources.line_of(text, match.start())
                problems.append(f"{path}:{line}: `{word}` does not exist")
    return problems
