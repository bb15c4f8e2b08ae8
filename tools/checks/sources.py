"""The files of the repository, and C source without its comments and strings."""
import functools
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
C_FOLDERS = ("include", "common", "enclave", "host", "client", "cli", "tests", "fuzz", "bench")

LITERAL_OR_COMMENT = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


@functools.cache
def files():
    """Paths from the root: what is tracked, and what is new and not ignored."""
    done = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        found = done.stdout.splitlines()
    else:  # a source archive
        found = [os.path.relpath(os.path.join(base, name), ROOT)
                 for base, _, names in os.walk(ROOT) for name in names]
        found = [path for path in found if not path.startswith((".deps/", "build"))]
    return sorted({path for path in found if os.path.isfile(f"{ROOT}/{path}")})


def c_files(endings=(".c", ".h", ".def")):
    return [path for path in files()
            if path.startswith(tuple(f"{folder}/" for folder in C_FOLDERS))
            and path.endswith(endings)]


@functools.cache
def text(path):
    with open(f"{ROOT}/{path}", encoding="utf-8", errors="replace") as file:
        return file.read()


@functools.cache
def bare_text(path):
    """The code alone: comments and the insides of literals are blank, lines stay where they are."""
    def blank(match):
        kept = match[0]
        if kept[0] in "\"'":
            return kept[0] + " " * (len(kept) - 2) + kept[0]
        return re.sub(r"[^\n]", " ", kept)
    return LITERAL_OR_COMMENT.sub(blank, text(path))


def line_of(code, offset):
    return code.count("\n", 0, offset) + 1


def rows(path):
    """Yields (section, line number, key, value) of a file of "[section]" and "key : value" lines."""
    section = ""
    for number, line in enumerate(text(path).splitlines(), 1):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            key, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"{path}:{number}: expected 'key : value'")
            yield section, number, key.strip(), value.strip()
