function main() {
    return Object.fromEntries([Object, Function, Array, String, Number, Boolean, Symbol, Date, Promise, RegExp, Error, Map, Set, WeakMap, WeakSet, ArrayBuffer, Uint8Array, DataView, BigInt, Proxy, Iterator]
        .map((c) => [c.name, [Object.getOwnPropertyNames(c).sort(), c.prototype && Object.getOwnPropertyNames(c.prototype).sort()]]).concat([['Math', Object.getOwnPropertyNames(Math).sort()], ['Reflect', Object.getOwnPropertyNames(Reflect).sort()], ['JSON', Object.getOwnPropertyNames(JSON).sort()]]));
}
