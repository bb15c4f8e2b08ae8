function main() {
    let hash = 0;
    for (let day = -800000; day < 3000000; day += 9973) {
        const d = new Date(day * 86400000 + (day % 1000) * 1000);
        for (const v of [d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCDay(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds()]) hash = Math.imul(hash, 31) + v | 0;
        for (const c of d.toISOString()) hash = Math.imul(hash, 31) + c.charCodeAt(0) | 0;
        if (Date.parse(d.toISOString()) !== d.getTime()) throw new Error(d.toISOString());
    }
    return hash;
}
