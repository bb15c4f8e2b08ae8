function main() {
    const out = [];
    outer: for (let i = 0; i < 5; i++) { for (let j = 0; j < 5; j++) { if (j === 3) continue outer; if (i === 3) break outer; out.push(i * 10 + j); } }
    for (const v of ['a', 'b', 'c', 1, NaN]) { switch (v) { case 'a': out.push('A'); case 'b': out.push('B'); break; case 1: { let out2 = 'one'; out.push(out2); break; } default: out.push('other'); case 'z': out.push('z'); } }
    let i = 0;
    do { i += 2; } while (i < 7);
    while (true) { if (i-- < 5) break; }
    block: { out.push('in'); if (i) break block; out.push('never'); }
    for (const k in { b: 1, a: 2, 1: 3 }) out.push(k);
    return [out, i];
}
