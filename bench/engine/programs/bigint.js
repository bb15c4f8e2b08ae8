/* expect: 4311udqz3u98syx8pfj9sn0n */
function modPow(base, exponent, modulus) {
    let result = 1n;
    base %= modulus;
    while (exponent > 0n) {
        if (exponent & 1n) {
            result = (result * base) % modulus;
        }
        base = (base * base) % modulus;
        exponent >>= 1n;
    }
    return result;
}

function factorial(n) {
    let result = 1n;
    for (let i = 2n; i <= n; i++) {
        result *= i;
    }
    return result;
}

function fibonacci(n) {
    let a = 0n;
    let b = 1n;
    for (let i = 0; i < n; i++) {
        [a, b] = [b, a + b];
    }
    return a;
}

const p = 2n ** 521n - 1n;
const q = 2n ** 1279n - 1n;
let check = modPow(3n, p - 2n, p) ^ modPow(5n, p - 3n, p);
check ^= modPow(7n, 2n ** 1000n - 1n, q);
check += factorial(2000n) % 1000000007n;
check += fibonacci(20000) % 1000000007n;
check += BigInt(factorial(1000n).toString()) % 998244353n;
const kept = [];
for (let i = 1n; i < 400000n; i++) {
    check += (i * i) % 97n;
    if ((i & 255n) === 0n) {
        kept.push(i * i, check + i);
    }
}
check += kept.reduce((sum, value) => sum ^ value, 0n);
check.toString(36).slice(-24);
