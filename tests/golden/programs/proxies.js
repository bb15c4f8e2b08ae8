function main() {
    const calls = [];
    const handler = new Proxy({}, { get: (_, trap) => (...args) => { calls.push(trap); return Reflect[trap](...args); } });
    const target = new Proxy(function (a, b) { return a + b; }, handler);
    target.x = 1;
    delete target.x;
    'x' in target;
    Object.keys(target);
    target(1, 2);
    new target(1, 2);
    Object.getPrototypeOf(target);
    Object.defineProperty(target, 'y', { value: 2, configurable: true });
    Object.isExtensible(target);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    let refused;
    try { proxy.x; } catch (error) { refused = error.name; }
    const negative = new Proxy([1, 2, 3], { get: (list, key) => list[key < 0 ? list.length + Number(key) : key] });
    return [calls, refused, negative[-1]];
}
