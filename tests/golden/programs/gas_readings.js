function main() {
    const readings = [];
    const measure = (f) => { const before = gas.used(); f(); readings.push(gas.used() - before); };
    measure(() => {});
    measure(() => { for (let i = 0; i < 1000; i++); });
    measure(() => 'x'.repeat(10000));
    measure(() => Array.from({ length: 1000 }));
    measure(() => JSON.stringify(Array(100).fill({ a: 1 })));
    measure(() => [...Array(500).keys()].sort((a, b) => b - a));
    measure(() => /(a+)+b/.test('aaaaaaaaaaaa'));
    measure(() => 3n ** 1000n);
    measure(() => new Uint8Array(100000).fill(1));
    measure(() => 'abc'.split('').map((c) => c.charCodeAt(0)).join());
    return readings;
}
