function main() {
    let [k, l, r, q, t, n] = [2n, 3n, 0n, 1n, 1n, 0n];
    let [kk, m] = [1n, 3n], digits = '';
    q = 1n; r = 0n; t = 1n; kk = 1n; n = 3n; l = 3n;
    while (digits.length < 60) {
        if (4n * q + r - t < n * t) { digits += n; const nr = 10n * (r - n * t); n = 10n * (3n * q + r) / t - 10n * n; q *= 10n; r = nr; }
        else { const nr = (2n * q + r) * l; const nn = (q * (7n * kk) + 2n + r * l) / (t * l); q *= kk; t *= l; l += 2n; kk += 1n; n = nn; r = nr; }
    }
    return [digits, String(k + m)];
}
