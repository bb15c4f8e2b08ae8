/*
 * What gas_probe.c tries: every function reachable from the global object, and the operators, with
 * large and hostile values (`measureLarge`) and with small ones (`measureSmall`).
 *
 * `probe(this, function, arguments, label)` is native: it calls, measures and notes. It does not
 * return when the call runs out of gas: the process ends and the next one goes on after `first`.
 */
'use strict';
(function (size, density, probe) {
    const N = size;              /* characters of a long string */
    const M = Math.floor(size / 3); /* elements of a long array */
    const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));
    const fill = (text, n) => text.repeat(Math.ceil(n / text.length)).slice(0, n);

    function wideObject(n) {
        const object = {};
        for (let i = 0; i < n; i++) { object['k' + i] = i; }
        return object;
    }
    function deepObject(n) {
        let object = { bottom: 1 };
        for (let i = 0; i < n; i++) { object = Object.create(object); }
        return object;
    }
    function rope(n) {
        let text = '';
        const piece = fill('pq', 600);
        while (text.length < n) { text = piece + text + piece; }
        return text;
    }
    function nested(n) {
        let value = 1;
        for (let i = 0; i < n; i++) { value = [value]; }
        return value;
    }
    function holes(n) {
        const array = [];
        array[n - 1] = 1;
        array[0] = 2;
        return array;
    }
    function deletedMap(n) {
        const map = new Map(range(n, (i) => [i, i]));
        const keep = map.entries();
        keep.next();
        for (let i = 0; i < n - 1; i++) { map.delete(i); }
        map.keep = keep;
        return map;
    }
    const jsonText = JSON.stringify(range(Math.floor(N / 40), (i) => ({ id: i, name: 'n' + i, on: true })));
    const big = (1n << 400000n) - 12345n;
    const middle = (1n << 30000n) + 987654321n;

    /* Values that a call cannot spoil are made once, the others for each trial. */
    const fixed = {
        undefined: undefined, null: null, zero: 0, one: 1, minus: -1, half: 0.5, thousand: 1000,
        million: 1e6, int32: 0x7fffffff, length: 2 ** 53 - 1, huge: 1.7976931348623157e308,
        tiny: 5e-324, tinyText: '4.9406564584124654e-324', hugeText: '1.7976931348623157e308', longText: fill('17976931348623157', 800) + 'e-700',
        nan: NaN, radix: 36, truth: true, symbol: Symbol('s'), iterator: Symbol.iterator,
        empty: '', letter: 'a', ascii: fill('abcdefgh ', N), same: fill('a', N),
        almost: fill('a', N - 1) + 'b', pattern: fill('a', N >> 1) + 'c', accents: fill('e\u0301\u0323', N), marks: fill('\u0301\u0323', 20000),
        wide: fill('\u4e00\u00e9', N), pairs: fill('\u{1f600}', N), lower: fill('\u0130\u00df', N),
        rope: rope(N), spaces: fill(' ', N) + 'x', digits: '1' + fill('234567890', N),
        fraction: '0.' + fill('3', N), hex: '0x' + fill('f', N), percent: fill('%41', N),
        percent3: fill('%e4%b8%80', N), json: jsonText, jsonDeep: fill('[', 3000) + fill(']', 3000),
        jsonString: '"' + fill('a\\u0041', N) + '"', lines: fill('a\n', N), dates: fill('1 ', N),
        backtrack: '(a+)+$', alternatives: '(?:a|a|a)*b', classes: fill('[a-z0-9]', 3000),
        longClass: '[' + range(8000, (i) => String.fromCharCode(0x3000 + (i * 2))).join('') + ']',
        unicodeClass: '\\p{L}|\\p{Lu}|[^\\p{ASCII}]|\\p{Script=Greek}', base64: fill('QUJD', N - (N % 4)),
        repeats: '(?:' + fill('a?', 200) + ')' + fill('a', 100), captures: fill('()', 480), flags: 'giu',
        sticky: 'gy', vflags: 'v', nested: fill('(?:', 2000) + fill(')', 2000),
        big, middle, negative: -big, small: 12345678901234567890n, shift: 900000n,
        identity: (x) => x, compare: (a, b) => (a < b ? -1 : 1), yes: () => true, no: () => false,
        add: (a, b) => a + b, Array: Array, Object: Object, toString: Object.prototype.toString,
        wideObject: Object.freeze(wideObject(Math.floor(M / 4))), deepObject: deepObject(Math.floor(M / 4)),
        lengthObject: { length: 2 ** 53 - 1 }, millionObject: { length: 1e6 },
        stringsObject: { length: 1000, 0: fill('x', 1000) }, proxy: new Proxy(range(1000, (i) => i), {}),
        proxyWide: new Proxy(Object.freeze(wideObject(3000)), {}), nestedArray: nested(2000),
        source: eval('(function(){' + fill('var a=1;', N) + '})'),
        manyArguments: Function.prototype.bind.apply(function () {}, [null].concat(range(5000, (i) => i))),
        longNames: Object.fromEntries(range(200, (i) => [fill('n' + i, 2000), i])),
        thenables: range(500, () => ({ then(f) { f(1); } })),
        collide: range(3000, (i) => i * 4294967296), options: { maxByteLength: 1e7 },
        iterable: { *[Symbol.iterator]() { for (let i = 0; i < M; i++) { yield i; } } },
        endless: { *[Symbol.iterator]() { for (;;) { yield 1; } } },
        setLike: { size: 1e6, has: () => true, keys: () => new Set(range(1000, (i) => i)).keys() },
    };
    const fresh = {
        array: () => range(M, (i) => i), doubles: () => range(M, (i) => (i * 7919) % 1000 + 0.5),
        strings: () => range(2000, (i) => fixed.same.slice(0, 2000) + (i * 7919) % 2000),
        mixed: () => range(3000, (i) => [i, 's' + i, {}, null, true, undefined][i % 6]),
        holes: () => holes(M), arrays: () => range(3000, (i) => [i, i]),
        entries: () => range(3000, (i) => ['k' + i, i]), sparse: () => holes(2 ** 31),
        object: () => wideObject(3000), bytes: () => new Uint8Array(N).fill(7),
        bytesZero: () => new Uint8Array(N * 4), clamped: () => new Uint8ClampedArray(N),
        floats: () => new Float64Array(range(M, (i) => (i * 7919) % 1000)),
        halfs: () => new Float16Array(M), bigs: () => new BigInt64Array(M),
        unsorted: () => new Uint32Array(range(M, (i) => (i * 7919) % 65536)),
        buffer: () => new ArrayBuffer(N * 4), resizable: () => new ArrayBuffer(1000, { maxByteLength: 1e7 }),
        view: () => new DataView(new ArrayBuffer(N)), map: () => new Map(range(M >> 2, (i) => [i, i])),
        mapStrings: () => new Map(range(2000, (i) => ['a' + i, i])), set: () => new Set(range(M >> 2, (i) => i)),
        deleted: () => deletedMap(M >> 2), weakmap: () => new WeakMap(range(3000, () => [{}, 1])),
        weakset: () => new WeakSet(range(3000, () => ({}))), date: () => new Date(1e12),
        regexp: () => /(a+)+$/g, regexpGlobal: () => /a|b/gu, regexpEmpty: () => /(?:)/g, regexpSticky: () => /a*b/y,
        regexpCase: () => /[^\u00e9-\u9fff]*\u0130/giu, regexpCaptures: () => /(a)(b)?(?<x>c)?/gd,
        arrayIterator: () => range(M, (i) => i).values(), mapIterator: () => deletedMap(M >> 2).values(),
        stringIterator: () => fixed.wide[Symbol.iterator](), matchIterator: () => fixed.same.matchAll(/a/g),
        helper: () => range(M, (i) => i).values().filter(() => false), generator: () => (function* () { yield* range(M, (i) => i); })(),
        wrapped: () => Iterator.from({ next: () => ({ done: false, value: 1 }) }),
        promise: () => Promise.resolve(1), promises: () => range(2000, () => Promise.resolve(1)),
        error: () => new Error(fixed.same.slice(0, 50000)), args: () => (function () { return arguments; }).apply(null, range(5000, (i) => i)),
        boxed: () => new String(fixed.wide), boxedBig: () => Object(big), disposable: () => new DisposableStack(),
        revocable: () => Proxy.revocable({}, {}),
    };
    const value = (name) => (Object.hasOwn(fresh, name) ? fresh[name]() : fixed[name]);
    const allKinds = Object.keys(fixed).concat(Object.keys(fresh));

    /* The `this` values worth trying, by where the function was found. */
    const receivers = [
        [/^(Symbol|Boolean)\.prototype/, ['symbol', 'truth', 'lengthObject']],
        [/^Number\.prototype/, ['huge', 'tiny', 'half', 'int32']],
        [/^BigInt\.prototype/, ['big', 'middle', 'boxedBig']],
        [/^String\.prototype/, ['ascii', 'same', 'almost', 'wide', 'pairs', 'accents', 'lower', 'rope', 'spaces', 'boxed', 'empty', 'lines']],
        [/StringIterator/, ['stringIterator']], [/RegExpStringIterator/, ['matchIterator']],
        [/ArrayIterator/, ['arrayIterator']], [/(Map|Set)Iterator/, ['mapIterator']],
        [/^Array\.prototype/, ['array', 'doubles', 'strings', 'mixed', 'holes', 'sparse', 'nestedArray', 'arrays', 'lengthObject', 'millionObject', 'proxy', 'args', 'bytes', 'ascii', 'object']],
        [/TypedArray|Uint8Array|Int\d|Float|Uint/, ['bytes', 'floats', 'halfs', 'bigs', 'unsorted', 'clamped']],
        [/^ArrayBuffer\.prototype/, ['buffer', 'resizable']], [/^DataView\.prototype/, ['view']],
        [/^(Weak)?Map\.prototype/, ['map', 'mapStrings', 'deleted', 'weakmap']],
        [/^(Weak)?Set\.prototype/, ['set', 'weakset']], [/^Date\.prototype/, ['date']],
        [/^RegExp\.prototype/, ['regexp', 'regexpGlobal', 'regexpEmpty', 'regexpSticky', 'regexpCase', 'regexpCaptures', 'object']],
        [/^Promise\.prototype/, ['promise']], [/Error\.prototype/, ['error', 'wideObject']],
        [/DisposableStack\.prototype/, ['disposable']], [/Generator|AsyncFunction/, ['generator', 'identity']],
        [/^Iterator\.prototype|IteratorHelper|Iterator|Wrap/, ['arrayIterator', 'helper', 'generator', 'wrapped', 'mapIterator', 'stringIterator', 'endless']],
        [/^Function\.prototype/, ['source', 'manyArguments', 'identity', 'toString', 'Array']],
        [/^Object\.prototype/, ['object', 'wideObject', 'deepObject', 'array', 'ascii', 'proxyWide', 'bytes']],
    ];
    /* Second and third arguments that go with every first one. */
    const tails = [[], ['million'], ['same'], ['identity'], ['int32', 'identity'], ['lower'], ['flags'], ['array'], ['length', 'length'],
        ['zero', 'bytes'], ['letter', 'half'], ['big'], ['middle'], ['array', 'object']];

    /* One trial in `density`, spread evenly and the same ones each time. */
    const isChosen = (trial) => ((Math.imul(trial + 1, 2654435761) >>> 8) % density) === 0;
    const isForm = (text) => /^[A-Za-z_$][\w$]*$/.test(text);
    function walk() {
        const seen = new Set(), found = [], queue = [['', globalThis]];
        const extra = { AsyncFunction: async () => {}, GeneratorFunction: function* () {}, AsyncGenerator: async function* () {},
            ArrayIterator: [].values(), MapIterator: new Map().values(), SetIterator: new Set().values(), StringIterator: ''[Symbol.iterator](),
            RegExpStringIterator: ''.matchAll(/a/g), Generator: (function* () {})(), IteratorHelper: [].values().map((x) => x),
            WrapForValidIterator: Iterator.from({ next() {} }), arguments: (function () { return arguments; })() };
        for (const name of Object.keys(extra)) { queue.push(['%' + name + '%', Object.getPrototypeOf(extra[name])]); }
        while (queue.length > 0) {
            const [path, object] = queue.shift();
            if (seen.has(object)) { continue; }
            seen.add(object);
            if (typeof object === 'function') { found.push([path, object]); }
            const visit = (name, inner) => {
                if ((typeof inner === 'object' && inner !== null) || typeof inner === 'function') { queue.push([name, inner]); }
            };
            for (const key of Reflect.ownKeys(object)) {
                const text = typeof key === 'symbol' ? `[${key.description}]` : key;
                const name = path === '' ? text : path + (isForm(text) ? '.' + text : text);
                const property = Object.getOwnPropertyDescriptor(object, key);
                if ('value' in property) { visit(name, property.value); }
                if (property.get) { visit('get ' + name, property.get); }
                if (property.set) { visit('set ' + name, property.set); }
            }
            visit('%proto ' + path, Object.getPrototypeOf(object));
        }
        return found;
    }

    const operators = Object.entries({
        '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b, '%': (a, b) => a % b,
        '**': (a, b) => a ** b, '<<': (a, b) => a << b, '>>': (a, b) => a >> b, '&': (a, b) => a & b, '|': (a, b) => a | b,
        '^': (a, b) => a ^ b, '<': (a, b) => a < b, '==': (a, b) => a == b, '===': (a, b) => a === b, 'in': (a, b) => a in b,
        'instanceof': (a, b) => a instanceof b, 'get': (a, b) => a[b], 'set': (a, b) => { a[b] = 1; }, 'delete': (a, b) => delete a[b],
        'length=': (a, b) => { a.length = b; }, 'key': (a, b) => ({ [a]: b }), 'template': (a, b) => `${a}${b}`,
        'spread': (a) => [...a], 'spreadCall': (a) => Math.max(...a), 'spreadObject': (a) => ({ ...a }), 'unary': (a) => +a,
        'negate': (a) => -a, 'not': (a) => ~a, 'increment': (a) => a++, 'typeof': (a) => typeof a, 'forin': (a) => { for (const k in a) { void k; } },
        'forof': (a) => { for (const v of a) { void v; } }, 'rest': (a) => { const { x, ...rest } = a; return [x, rest]; },
        'destructure': (a) => { const [x, , ...rest] = a; return [x, rest]; }, 'getMissing': (a) => a.missing, 'setNew': (a) => { a.fresh = 1; },
        'class': (a) => class extends a {}, 'throw': (a) => { throw new Error(a); }, 'super': (a) => ({ __proto__: a, m() { return super.bottom; } }).m(),
        'switch': (a, b) => { switch (a) { case b: return 1; case fixed.almost: return 2; default: return 3; } }, 'optional': (a) => a?.b?.c,
        'yieldAll': (a) => { for (const v of (function* () { yield* a; })()) { void v; } }, 'tag': (a) => String.raw({ raw: a }, a, a),
        'new': (a, b) => new a(b), 'call': (a, b) => a(b), 'proxyGet': (a, b) => new Proxy(a, {})[b], 'closure': (a) => () => a, 'regexp': (a) => /(a*)*b/.test(a),
        'splice': (a) => { a.splice(0, 1); }, 'pushpop': (a) => { a.push(a.pop()); }, 'shift': (a) => { a.shift(); }, 'unshift': (a) => { a.unshift(1); },
        'setThenGet': (a, b) => { const o = {}; o[b] = a; return o[b]; }, 'mapKey': (a) => new Map([[a, 1]]).get(a), 'setKeys': (a) => new Set(a),
        'freezeThaw': (a) => Object.freeze({ ...a }), 'chars': (a) => { let n = 0; for (let i = 0; i < 1000; i++) { n += a.charCodeAt(i); } return n; },
        'ropeIndex': (a) => (a + fixed.wide)[a.length], 'ropeCompare': (a) => (a + 'x') < (a + 'y'), 'ropeKey': (a) => ({ [a + 'z']: 1 }),
    }).map(([name, f]) => ['operator ' + name, f]);

    const functions = walk().concat(operators);

    function receiversOf(path) {
        if (path.startsWith('operator ')) { return ['undefined']; }
        for (const [form, names] of receivers) {
            if (form.test(path.replace(/^(get|set|%proto) /, ''))) { return names; }
        }
        return [null];
    }
    function parentOf(path) {
        const text = path.replace(/^(get|set|%proto) /, '');
        const at = text.lastIndexOf('.');
        let object = globalThis;
        for (const name of at < 0 ? [] : text.slice(0, at).split('.')) { object = object?.[name]; }
        return object;
    }
    function isConstructor(f) {
        try { Reflect.construct(Object, [], f); return true; } catch { return false; }
    }

    return {
        names: functions.map(([path]) => path),
        baseline() { let sum = 0; for (let i = 0; i < 300000; i++) { sum += i; } return sum; },
        /* Every trial has a number; those before `first` are skipped. */
        measureLarge(index, first, only) {
            const [path, f] = functions[index];
            const isOperator = path.startsWith('operator ');
            const isNew = isConstructor(f);
            const seconds = isOperator ? allKinds.map((name) => [name]) : tails;
            let number = 0;
            for (const receiver of receiversOf(path)) {
                for (const kind of allKinds) {
                    for (const tail of seconds) {
                        if (isOperator && f.length < 2 && tail !== seconds[0]) { continue; }
                        for (let way = 0; way < (isNew && !isOperator ? 2 : 1); way++) {
                            const trial = number++;
                            if (trial < first || (only >= 0 ? trial !== only : !isChosen(trial))) { continue; }
                            /* Again with new values when checking: the first touch of a page costs. */
                            for (let again = 0; again < (only >= 0 ? 3 : 1); again++) {
                                const self = receiver === null ? parentOf(path) : value(receiver);
                                const list = [value(kind)].concat(tail.map(value));
                                const label = `${way ? 'new ' : ''}${path} on ${receiver} (${[kind].concat(tail)})`;
                                if (way) {
                                    probe(undefined, Reflect.construct, [f, list], label, trial);
                                } else {
                                    probe(self, f, list, label, trial);
                                }
                            }
                        }
                    }
                }
            }
        },
        measureSmall(index, first, only) {
            const [path, f] = functions[index];
            const small = { n: 3, s: 'abcdefghijklmnop', w: '\u4e00\u00e9\u4e00\u00e9xx', a: [1, 2], o: { a: 1, b: 2 }, f: (x) => x, r: /a|b/g, big: 123456789n,
                u: undefined, t: new Uint8Array(16), d: new Date(0), m: new Map([[1, 2]]), z: new Set([1]), y: Symbol.iterator, b: new ArrayBuffer(16),
                v: new DataView(new ArrayBuffer(16)), g: (function* () { yield 1; })(), p: Promise.resolve(1), e: new Error('x'), c: Object, x: '1.5', j: '{"a":[1,2]}' };
            const names = Object.keys(small);
            let number = 0;
            for (const receiver of [null].concat(names)) {
                for (const kind of names) {
                    for (const tail of ['u', 'n', 's']) {
                        const trial = number++;
                        if (trial < first || (only >= 0 && trial !== only)) { continue; }
                        const self = receiver === null ? parentOf(path) : small[receiver];
                        probe(self, f, [small[kind], small[tail]], `${path} on ${receiver} (${kind},${tail})`, trial);
                    }
                }
            }
        },
    };
})
