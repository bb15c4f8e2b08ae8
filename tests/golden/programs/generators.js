function* count(from, to) { try { for (let i = from; i < to; i++) { const sent = yield i; if (sent) i += sent; } return 'end'; } finally { log('closed ' + from); } }
function* chain() { const result = yield* count(0, 3); yield result; yield* [7, 8]; }
function* fibonacci() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b]; } }
function main() {
    const it = count(0, 10);
    const steps = [it.next(), it.next(3), it.return('early'), it.next()];
    const fib = [];
    for (const value of fibonacci()) { if (value > 1000) break; fib.push(value); }
    const thrower = count(5, 9);
    thrower.next();
    let caught;
    try { thrower.throw(new Error('in')); } catch (error) { caught = error.message; }
    return [steps, [...chain()], fib, caught];
}
