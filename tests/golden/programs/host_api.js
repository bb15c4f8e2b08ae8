function main(input, context) {
    const before = gas.used();
    log('one', 2, { three: 3 });
    console.log('two %s', 'x', [1], null, undefined);
    console.warn('warned'); console.error('failed'); console.info('info');
    return [secrets.get('API_KEY'), getSecret('API_KEY'), SECRETS.API_KEY, (() => { try { return secrets.get('none'); } catch (error) { return error.message; } })(), context.functionId, context.userId, context.requestId, context.timestamp, gas.limit, gas.used() > before, gas.remaining() + gas.used() <= gas.limit, typeof before];
}
