let order = [];
const note = (v) => { order.push(v); return v; };
const object = { get [note('key')]() { note('get'); return 5; } };
function main() {
    note(1) + note(2) * note(3);
    object[note('key')] + (order.push('plus'), 1);
    const f = (a = note('default'), { b = note('inner') } = {}) => note('body');
    f();
    f(note('given'), { b: 1 });
    [note('x')].forEach(note);
    return order.slice();
}
