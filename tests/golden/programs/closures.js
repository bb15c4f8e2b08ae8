function main() {
    const makers = [];
    for (let i = 0; i < 5; i++) makers.push(() => i++);
    var shared = [];
    for (var j = 0; j < 3; j++) shared.push(() => j);
    const counter = ((start) => ({ up: (by = 1) => (start += by), get now() { return start; } }))(10);
    counter.up();
    counter.up(5);
    return [makers.map((f) => f() + f()), shared.map((f) => f()), counter.now];
}
