async function main() {
    const order = [];
    const note = (text) => { order.push(text); };
    Promise.resolve().then(() => note('then 1')).then(() => note('then 2'));
    (async () => { note('async start'); await null; note('async after'); })();
    queueMicrotask(() => note('microtask'));
    setTimeout(() => note('timeout 0'), 0);
    setTimeout(() => note('timeout 2'), 2);
    setTimeout(() => note('timeout 1'), 1);
    note('sync');
    await new Promise((resolve) => setTimeout(resolve, 5));
    return order;
}
