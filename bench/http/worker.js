// What stands behind each function in workerd: bench/http_group.py writes the function's own text in
// front of this one. The answer has the members and about the length of ours.
let secrets;
let logs;

function getSecret(name) {
    return secrets[name];
}

function log(...values) {
    logs.push(values.map(String).join(' '));
}

export default {
    async fetch(request, env) {
        const input = await request.json();
        secrets = env; // set after the wait: the isolate is shared with the other requests
        logs = [];
        const result = main(input);
        return Response.json({
            success: true,
            data: {
                result,
                gasUsed: 1000,
                executionTimeMs: 0.035,
                memoryUsed: 1000,
                codeHash: '0000000000000000000000000000000000000000000000000000000000000000',
                functionId: 'function',
                logs,
            },
            metadata: {
                requestId: '00000000000000000000000000000000',
                timestamp: '2026-01-01T00:00:00.000Z',
            },
        });
    },
};
