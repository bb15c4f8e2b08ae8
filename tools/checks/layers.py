"""Which folder may include which (tools/layers.txt): no other edge, no cycle."""
import re

from . import sources

TABLE = "tools/layers.txt"
QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
ANGLED = re.compile(r"^[ \t]*#[ \t]*include[ \t]+<([^>]+)>", re.MULTILINE)


class Table:
    def __init__(self):
        self.allowed, self.libraries, self.exceptions = {}, [], set()
        for section, number, key, value in sources.rows(TABLE):
            if section == "folders":
                self.allowed[key] = value.split()
            elif section == "libraries":
                self.libraries.append((key, value.split()))
            elif section == "exceptions":
                self.exceptions.add((key, value.split()[0]))
            else:
                raise ValueError(f"{TABLE}:{number}: no such section '{section}'")

    def folder_of(self, path):
        """The row that governs a path: its own, or the longest folder with one."""
        parts = path.split("/")
        for size in range(len(parts), 0, -1):
            if "/".join(parts[:size]) in self.allowed:
                return "/".join(parts[:size])
        return None

    def may_include(self, folder, target_path):
        target = self.folder_of(target_path)
        is_own = target in (folder, target_path) and target_path.rpartition("/")[0] == folder
        return target == folder or is_own or "*" in self.allowed[folder] or any(
            target == name or (target or "").startswith(name + "/")
            for name in self.allowed[folder])

    def library_folders(self, header):
        for prefix, folders in self.libraries:
            if header == prefix or (prefix.endswith("/") and header.startswith(prefix)):
                return folders
        return None


def find_cycle(edges):
    """Returns a list of folders that ends where it begins, or None."""
    state, stack = {}, []

    def visit(node):
        state[node] = "open"
        stack.append(node)
        for target in sorted(edges.get(node, ())):
            if state.get(target) == "open":
                return stack[stack.index(target):] + [target]
            if target not in state:
                cycle = visit(target)
                if cycle:
                    return cycle
        stack.pop()
        state[node] = "done"
        return None

    for node in sorted(edges):
        if node not in state:
            cycle = visit(node)
            if cycle:
                return cycle
    return None


def check_quoted(table, path, folder, edges, problems):
    code = sources.text(path)
    for match in QUOTED.finditer(code):
        header, line = match[1], sources.line_of(code, match.start())
        users = table.library_folders(header)
        if users is not None:
            check_library(path, line, header, folder, users, problems)
        elif header not in sources.files():
            problems.append(f'{path}:{line}: "{header}" is not a path from the root')
        elif table.folder_of(header) is None:
            problems.append(f"{path}:{line}: the folder of {header} has no row in {TABLE}")
        elif (path, header) in table.exceptions:
            continue
        elif not table.may_include(folder, header):
            problems.append(f"{path}:{line}: {folder} may not include {header} ({TABLE})")
        else:
            edges.setdefault(folder, set()).add(table.folder_of(header))


def check_library(path, line, header, folder, users, problems):
    if folder not in users and not any(folder.startswith(name + "/") for name in users):
        problems.append(f"{path}:{line}: {folder} may not use <{header}>; {' '.join(users)} may")


def run():
    """Returns a list of problems."""
    table, problems, edges = Table(), [], {}
    for path in sources.c_files():
        folder = table.folder_of(path)
        if folder is None:
            problems.append(f"{path}: its folder has no row in {TABLE}")
            continue
        check_quoted(table, path, folder, edges, problems)
        if "*" in table.allowed[folder]:
            continue
        code = sources.text(path)
        for match in ANGLED.finditer(code):
            users = table.library_folders(match[1])
            if users is not None:
                check_library(path, sources.line_of(code, match.start()), match[1], folder, users,
                              problems)
    for folder in edges:
        edges[folder].discard(folder)
    for edges_of, what in ((edges, "the includes"), (allowed_edges(table), TABLE)):
        cycle = find_cycle(edges_of)
        if cycle:
            problems.append(f"{what}: cycle {' -> '.join(cycle)}")
    return problems


def allowed_edges(table):
    edges = {}
    for folder, names in table.allowed.items():
        edges[folder] = {other for other in table.allowed for name in names
                         if other != folder and (other == name or other.startswith(name + "/"))}
    return edges
