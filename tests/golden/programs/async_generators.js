async function* ticks(count) { for (let i = 0; i < count; i++) { await new Promise((r) => setTimeout(r, 1)); yield i; } }
async function main() {
    const seen = [];
    for await (const value of ticks(5)) seen.push(value);
    for await (const value of [Promise.resolve('a'), 'b']) seen.push(value);
    const it = ticks(3);
    seen.push(await it.next(), await it.return('done'), await it.next());
    return seen;
}
