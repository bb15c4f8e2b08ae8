/* expect: 1137252294 100ozjp zzxn1e */
function pseudoRandom(seed) {
    let state = seed;
    return () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state;
    };
}

function quickSort(list, low, high) {
    while (low < high) {
        const pivot = list[(low + high) >> 1];
        let i = low;
        let j = high;
        while (i <= j) {
            while (list[i] < pivot) {
                i++;
            }
            while (list[j] > pivot) {
                j--;
            }
            if (i <= j) {
                const swap = list[i];
                list[i++] = list[j];
                list[j--] = swap;
            }
        }
        quickSort(list, low, j);
        low = i;
    }
}

const next = pseudoRandom(42);
const numbers = Array.from({ length: 70000 }, next);
const byHand = numbers.slice();
quickSort(byHand, 0, byHand.length - 1);
const compared = numbers.slice().sort((a, b) => a - b);
const words = numbers.slice(0, 20000).map((n) => n.toString(36)).sort();
let check = 0;
for (let i = 0; i < compared.length; i++) {
    check = (Math.imul(check, 31) + compared[i] - (byHand[i] === compared[i] ? 0 : 1)) | 0;
}
check + ' ' + words[0] + ' ' + words[19999];
