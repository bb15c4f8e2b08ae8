function main() {
    function* naturals() { let n = 0; for (;;) yield n++; }
    return [naturals().filter((n) => n % 3 === 0).map((n) => n * n).drop(2).take(5).toArray(),
        [1, 2, 3].values().reduce((a, b) => a + b), ['a', 'b'].values().some((v) => v === 'b'),
        Iterator.from([4, 5]).flatMap((v) => [v, v]).toArray(), naturals().find((n) => n > 10)];
}
