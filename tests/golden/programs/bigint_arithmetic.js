function main() {
    const factorial = (n) => n < 2n ? 1n : n * factorial(n - 1n);
    const power = (b, e, m) => { let r = 1n; for (b %= m; e > 0n; e >>= 1n) { if (e & 1n) r = r * b % m; b = b * b % m; } return r; };
    const a = 2n ** 200n - 12345678901234567890n, b = -(3n ** 77n);
    return [factorial(60n), power(7n, 12345678901n, 998244353n), a + b, a - b, a * b, a / b, a % b, a & b, a | b, a ^ b, ~a, -a, a << 67n, a >> 13n, b >> 200n,
        BigInt.asIntN(64, a), BigInt.asUintN(64, b), a > b, a == Number(a), 10n ** 30n === BigInt('1' + '0'.repeat(30)), BigInt('0xff'), Number(2n ** 64n), typeof a,
        (2n ** 100n).toString(36), BigInt.asIntN(8, 255n), 5n / 2n, -5n / 2n, -5n % 3n, 1n < 1.5, 2n > '1'].map(String);
}
