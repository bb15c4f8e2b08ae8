function main() {
    const d = new Date(Date.UTC(2024, 1, 29, 12, 34, 56, 789));
    const moved = new Date(d);
    moved.setUTCMonth(12);
    return [d.toISOString(), d.getTime(), d.getUTCDay(), moved.toISOString(), new Date('2024-02-30').getTime(), new Date('2024-03-10T10:00:00+02:00').toISOString(), Date.parse('Thu, 01 Jan 1970 00:00:00 GMT'),
        new Date(8.64e15 + 1).getTime(), d.toJSON(), JSON.stringify({ d }), new Date(NaN).getTime(), Date.now(), new Date().getTime(), new Date(0).toUTCString(), d.getTimezoneOffset(), new Date(2020, 0).getTime(),
        new Date(99, 0, 1).getFullYear(), d - new Date(0), typeof (d + 1), d[Symbol.toPrimitive]('number'), String(new Date(0))].map((v) => Number.isNaN(v) ? 'NaN' : v);
}
