function f(log) { try { log.push('try'); return 'try'; } finally { log.push('finally'); } }
function g() { for (const i of [1, 2, 3]) { try { if (i === 2) continue; if (i === 3) return i; } finally { if (i === 1) continue; } } }
function h() { outer: for (let i = 0; ; i++) { for (;;) { try { break outer; } finally { if (i < 3) continue outer; } } } return 'out'; }
function main() { const seen = []; return [f(seen), seen, g(), h(), (() => { try { throw 1; } catch { return 'caught'; } })(),
    (() => { try { try { throw 'a'; } finally { throw 'b'; } } catch (e) { return e; } })()]; }
