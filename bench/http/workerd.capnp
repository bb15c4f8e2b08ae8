# The same functions in workerd: one worker and one plain and one TLS socket each, on 127.0.0.1 at any
# free port (workerd tells them on its control descriptor). Copied beside the workers by
# bench/http_group.py, with the benchmark's self-signed certificate.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "readme", worker = (
      modules = [(name = "worker", esModule = embed "readme.js")],
      bindings = [(name = "API_KEY", text = "test_key")],
      compatibilityDate = "2026-01-01")),
    (name = "transform", worker = (
      modules = [(name = "worker", esModule = embed "transform.js")],
      compatibilityDate = "2026-01-01")),
    (name = "work", worker = (
      modules = [(name = "worker", esModule = embed "work.js")],
      compatibilityDate = "2026-01-01")),
  ],
  sockets = [
    (name = "readme", address = "127.0.0.1:0", http = (), service = "readme"),
    (name = "transform", address = "127.0.0.1:0", http = (), service = "transform"),
    (name = "work", address = "127.0.0.1:0", http = (), service = "work"),
    (name = "readme-tls", address = "127.0.0.1:0", service = "readme",
      https = (options = (), tlsOptions = .tls)),
    (name = "transform-tls", address = "127.0.0.1:0", service = "transform",
      https = (options = (), tlsOptions = .tls)),
  ],
);

const tls :Workerd.TlsOptions = (
  keypair = (privateKey = embed "key.pem", certificateChain = embed "certificate.pem"),
);
