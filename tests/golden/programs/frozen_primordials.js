function main() {
    'use strict';
    const refused = [];
    for (const attempt of [() => { Array.prototype.map = 1; }, () => { Object.prototype.x = 1; }, () => { Math.sin = 1; }, () => { delete JSON.parse; }, () => { Promise.resolve = 1; }, () => { globalThis.Array = 1; }, () => eval('1'), () => new Function('return 1')(), () => (async () => {}).constructor('1')]) {
        try { attempt(); refused.push('done'); } catch (error) { refused.push(error.name); }
    }
    const own = { toString() { return 'own'; } };
    own.constructor = 5;
    own.hasOwnProperty = 6;
    const list = [];
    list.map = 'mine';
    return [refused, String(own), own.constructor, own.hasOwnProperty, list.map, [].map === Array.prototype.map, typeof WeakRef, typeof SharedArrayBuffer, typeof FinalizationRegistry, typeof process, typeof require];
}
