const later = (value, ms) => new Promise((resolve) => setTimeout(() => resolve(value), ms));
const fail = (text, ms) => new Promise((_, reject) => setTimeout(() => reject(new Error(text)), ms));
async function main() {
    const all = await Promise.all([later(1, 3), 2, later(3, 1)]);
    const race = await Promise.race([later('slow', 9), later('fast', 1)]);
    const any = await Promise.any([fail('no', 1), later('yes', 2)]);
    const settled = await Promise.allSettled([later('ok', 1), fail('bad', 1)]);
    let combined;
    try { await Promise.any([fail('a', 1), fail('b', 1)]); } catch (error) { combined = [error.name, error.errors.map((e) => e.message)]; }
    const { promise, resolve } = Promise.withResolvers();
    setTimeout(resolve, 1, 'resolved');
    const chained = await later(1, 1).then((v) => { throw new TypeError('t' + v); }).catch((e) => e.message).finally(() => log('finally'));
    return [all, race, any, settled.map((s) => s.status), combined, await promise, chained];
}
