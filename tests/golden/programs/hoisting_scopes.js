var top = 'top';
let block = 'outer';
function main() {
    const seen = [typeof hoisted, typeof later];
    try { tdz; } catch (error) { seen.push(error.name + ': ' + error.message); }
    let tdz = 1;
    { let block = 'inner'; seen.push(block); }
    var later = 2;
    function hoisted() {}
    (function () { try { undeclared = 1; seen.push('made a global'); } catch (error) { seen.push(error.name); } })();
    try { const fixed = 1; fixed = 2; } catch (error) { seen.push(error.name); }
    seen.push(block, top, typeof this, (() => typeof this)(), arguments.length);
    return seen;
}
