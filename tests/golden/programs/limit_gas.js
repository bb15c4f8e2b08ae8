function main() { let n = 0; for (;;) { n++; try { n += [1, 2].map((x) => x).length; } finally { n--; } } }
