"""The rows of the table and of results.json, with the budgets they are held against."""
import json
import os

from harness.machine import BENCH, Failure, describe

RESULTS = os.path.join(BENCH, "results.json")

# name: (unit, comparison, budget, aim or None). A ratio is ours divided by theirs. A name without
# a comparison is printed and recorded, but not held against anything.
BUDGETS = {
    "engine.fresh_call_us": ("us", "<=", 8, 4),
    "engine.fresh_call_1000_us": ("us", "<=", 120, None),
    "engine.fresh_vs_new_context": ("x", "<=", 0.125, None),
    "engine.image_kib": ("KiB", "<=", 320, 160),
    "engine.metering_percent": ("%", "<=", 10, None),
    "http.exec_per_s": ("1/s", None, None, None),
    "http.exec_vs_workerd": ("x", ">=", 3, 4),
    "http.exec_p99_vs_workerd": ("x", "<", 1, None),
    "http.transform_vs_workerd": ("x", ">=", 1.5, None),
    "park.enclave_mib_10k": ("MiB", "<", 1024, None),
}


def verdict(name, value):
    """('<= 8 (aim 4)', 'met') or ('', '')."""
    _, comparison, budget, aim = BUDGETS[name]
    if comparison is None:
        return "", ""
    met = {"<=": value <= budget, "<": value < budget, ">=": value >= budget}[comparison]
    text = f"{comparison} {budget:g}" + (f" (aim {aim:g})" if aim is not None else "")
    return text, "met" if met else "MISSED"


def row(name, value, against=""):
    """One result; against says what was measured beside it, for a ratio what it is divided by."""
    if name not in BUDGETS:
        raise Failure(f"{name} is no known result: add it to BUDGETS")
    return {"name": name, "value": round(float(value), 4), "unit": BUDGETS[name][0],
            "against": against, "machine": describe()}


def read_results():
    if not os.path.isfile(RESULTS):
        return []
    with open(RESULTS, encoding="utf-8") as file:
        return json.load(file)


def write_results(rows):
    """Replaces the rows measured now and keeps the others, in the order of BUDGETS."""
    merged = {old["name"]: old for old in read_results()} | {new["name"]: new for new in rows}
    order = [name for name in BUDGETS if name in merged]
    order += sorted(name for name in merged if name not in BUDGETS)
    lines = ",\n".join("  " + json.dumps(merged[name]) for name in order)
    with open(f"{RESULTS}.new", "w", encoding="utf-8") as file:
        file.write(f"[\n{lines}\n]\n")
    os.replace(f"{RESULTS}.new", RESULTS)


def print_columns(titles, rows):
    widths = [max(len(str(cells[i])) for cells in [titles] + rows) for i in range(len(titles))]
    for cells in [titles, ["-" * width for width in widths]] + rows:
        line = "  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths))
        print(line.rstrip(), flush=True)


def print_table(rows):
    cells = [[one["name"], f"{one['value']:g}", one["unit"], *verdict(one["name"], one["value"]),
              one["against"]] for one in rows]
    print_columns(["name", "value", "unit", "budget", "", "against"], cells)
    for machine in sorted({one["machine"] for one in rows}):
        print(f"measured on: {machine}", flush=True)
