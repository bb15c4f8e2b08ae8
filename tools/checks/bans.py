"""Functions our code does not call (tools/bans.txt), with a counted list of exceptions, and how long
files and functions may be."""
import re

from . import sources

TABLE = "tools/bans.txt"
MAX_FILE_LINES = 1000
MAX_FUNCTION_LINES = 70
LINE_COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|(//)', re.DOTALL)


def read_table():
    banned, allowed, long_ones, reasons = {}, {}, {}, {}
    for section, number, key, value in sources.rows(TABLE):
        if section == "banned":
            for name in key.split():
                banned[name] = value
        elif section == "allowed":
            name, path, count = key.split()
            allowed[name, path] = int(count)
            reasons[name, path] = value
        elif section == "long":
            path, name = key.split()
            long_ones[path, name] = value
        else:
            raise ValueError(f"{TABLE}:{number}: no such section '{section}'")
    return banned, allowed, long_ones, reasons


def is_governed(path):
    """Tests and benchmarks may call what they like; the product may not."""
    return not path.startswith(("tests/", "bench/", "fuzz/"))


def find_calls(banned):
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, sorted(banned))) + r")\s*\(")
    found = {}
    for path in filter(is_governed, sources.c_files()):
        code = sources.bare_text(path)
        for match in pattern.finditer(code):
            found.setdefault((match[1], path), []).append(sources.line_of(code, match.start()))
    return found


def function_lengths(path):
    """Yields (name, line, lines) of the functions of a file laid out by clang-format."""
    lines = sources.bare_text(path).splitlines()
    start, name = None, ""
    for number, line in enumerate(lines, 1):
        match = re.match(r"[A-Za-z_].*?\b([A-Za-z_][A-Za-z0-9_]*)\s*\(", line)
        if match and not line.rstrip().endswith(";"):
            name = match[1]
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if line.strip() == "}":
                yield name, start, number - start - 1
            start = None


def check_calls(banned, allowed, reasons):
    problems, found = [], find_calls(banned)
    problems += [f"{TABLE}: {name} {path}: give the reason" for (name, path), why in
                 sorted(reasons.items()) if not why]
    for (name, path), lines in sorted(found.items()):
        limit = allowed.get((name, path), 0)
        if len(lines) > limit:
            where = ", ".join(map(str, lines))
            problems.append(f"{path}:{lines[0]}: {name} ({len(lines)} times, {limit} allowed; lines "
                            f"{where}): {banned[name]}")
    for (name, path), count in sorted(allowed.items()):
        used = len(found.get((name, path), []))
        if used < count:
            problems.append(f"{TABLE}: {name} {path} {count}: only {used} left, lower the count")
    return problems


def after_parenthesis(code, start):
    """Offset after the parenthesis that opens at or after start."""
    depth = 0
    for at in range(code.index("(", start), len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at + 1
    return len(code)


def missing_braces(path):
    """Yields (line, word) of branches and loops without braces."""
    code = sources.bare_text(path).replace("\\\n", " \n")
    for match in re.finditer(r"(?<!#)\b(if|for|while|else)\b", code):
        line_start = code.rfind("\n", 0, match.start()) + 1
        if code[line_start:match.start()].lstrip().startswith("#"):
            continue
        after = match.end() if match[1] == "else" else after_parenthesis(code, match.end())
        rest = code[after:after + 200].lstrip()
        ends_do = match[1] == "while" and code[line_start:match.start()].rstrip().endswith("}")
        if rest.startswith("{") or ends_do or (match[1] == "else" and rest.startswith("if")):
            continue
        yield sources.line_of(code, match.start()), match[1]


def check_shape(long_ones):
    problems = []
    for path in sources.c_files((".c", ".h")):
        count = sources.text(path).count("\n")
        if count > MAX_FILE_LINES:
            problems.append(f"{path}: {count} lines, at most {MAX_FILE_LINES}")
        for name, line, size in function_lengths(path):
            if size > MAX_FUNCTION_LINES and (path, name) not in long_ones:
                problems.append(f"{path}:{line}: {name} has {size} lines, at most "
                                f"{MAX_FUNCTION_LINES}")
        for line, word in missing_braces(path):
            problems.append(f"{path}:{line}: '{word}' without braces")
        for match in LINE_COMMENT.finditer(sources.text(path)):
            if match[1]:
                line = sources.line_of(sources.text(path), match.start())
                problems.append(f"{path}:{line}: // comment; write /* */")
    return problems


def bless():
    """Rewrites the counts of tools/bans.txt to what is used now, keeping the reasons."""
    head, found_marker, rest = sources.text(TABLE).partition("[allowed]\n")
    rows, marker, tail = rest.partition("\n[long]")
    banned, _, _, reasons = read_table()
    comments = [line for line in rows.splitlines() if line.startswith("#")]
    counted = [f"{name} {path} {len(lines)} : {reasons.get((name, path), '')}"
               for (name, path), lines in sorted(find_calls(banned).items())]
    with open(f"{sources.ROOT}/{TABLE}", "w", encoding="utf-8") as file:
        file.write(head + found_marker + "\n".join(comments + counted) + "\n" + marker + tail)


def run():
    """Returns a list of problems."""
    banned, allowed, long_ones, reasons = read_table()
    return check_calls(banned, allowed, reasons) + check_shape(long_ones)
