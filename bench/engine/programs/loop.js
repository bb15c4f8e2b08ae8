/* expect: 2864440 */
function collatz(limit) {
    let longest = 0;
    let steps = 0;
    for (let start = 1; start < limit; start++) {
        let n = start;
        let count = 0;
        while (n !== 1) {
            n = (n & 1) === 0 ? n >> 1 : (3 * n + 1) | 0;
            count++;
        }
        steps += count;
        if (count > longest) {
            longest = count;
        }
    }
    return steps + longest;
}

String(collatz(30000));
