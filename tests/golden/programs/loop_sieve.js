function main() {
    const limit = 30000, composite = new Uint8Array(limit + 1);
    let count = 0, sum = 0;
    for (let i = 2; i <= limit; i++) {
        if (composite[i]) continue;
        count++;
        sum += i;
        for (let k = i * i; k <= limit; k += i) composite[k] = 1;
    }
    return { count, sum };
}
