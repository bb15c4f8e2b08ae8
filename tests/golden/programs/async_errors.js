async function main() {
    const seen = [];
    try { await Promise.reject(new RangeError('first')); } catch (error) { seen.push(error.name); }
    await (async () => { try { await null; throw 'text'; } catch (error) { seen.push(error); } finally { seen.push('finally'); } })();
    seen.push(await new Promise((resolve) => resolve({ then: (ok) => ok('thenable') })));
    await Promise.reject(1).catch((value) => seen.push(value));
    await null;
    throw new TypeError(seen.join());
}
