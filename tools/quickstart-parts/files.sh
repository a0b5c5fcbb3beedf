# Sourced by tools/quickstart: the files it writes, each by a function. Uses $demo (the folder) and $root (the repository).
# shellcheck shell=bash disable=SC2154

# What signet-ceremony is asked to make.
ceremony_file() {
  cat <<TOML
title = "Rehearsal of the first ceremony"
output = "$demo/ca"
hsm_profile = "$root/hsm-profiles/softhsm2.toml"
environment = { SOFTHSM2_CONF = "$demo/softhsm2.conf" }

[root]
token = "signet-root"
pin_file = "$demo/pins/root.pin"
key_label = "root-1"
key_type = "ec-p384"
subject = "CN=Signet Demo Root 1,O=Example"
validity = "7300d"
certificate = "root.pem"

[issuing]
token = "signet-issuing"
pin_file = "$demo/pins/issuing.pin"
key_label = "issuing-1"
key_type = "ec-p256"
subject = "CN=Signet Demo Issuing 1,O=Example"
validity = "1825d"
path_length = 0
certificate = "issuing.pem"

[log_key]
key_label = "log-1"
key_type = "ed25519"
origin = "signet.demo/issuing-1"
public_key = "log-1.pub.pem"
verifier_key = "log-1.vkey"

[[end_entity]]
name = "daemon"
csr = "$demo/csr/daemon.csr"
subject = "CN=localhost,O=Example"
dns = ["localhost"]
ip = ["127.0.0.1"]
extended_key_usage = ["serverAuth"]
validity = "365d"
certificate = "daemon.pem"

[[end_entity]]
name = "client"
csr = "$demo/csr/client.csr"
subject = "CN=payments,O=Example"
uri = ["spiffe://signet.demo/payments"]
extended_key_usage = ["clientAuth"]
validity = "365d"
certificate = "client.pem"
TOML
}

# The daemon: signet.toml.
daemon_file() {
  cat <<TOML
origin = "signet.demo/issuing-1"
policy = "policy.toml"

[state]
directory = "state"

[run]
allow_root = true  # a demonstration; without it, signetd as root wants users to be named

[listen]
address = "127.0.0.1:0"
certificate = "tls/daemon.pem"
key = "tls/daemon.key"
client_trust = "tls/client-trust.pem"

[token.soft]
profile = "$root/hsm-profiles/softhsm2.toml"
pin_file = "pins/issuing.pin"
sessions = 4
environment = { SOFTHSM2_CONF = "$demo/softhsm2.conf" }

[key.issuing-1]
token = "soft"
uri = "pkcs11:token=signet-issuing;object=issuing-1;type=private"
certificate = "ca/issuing.pem"
[key.issuing-1.fence]
may_sign = ["end-entity-certificate"]
longest_validity = "398d"
[key.issuing-1.fence.names]
dns = ["payment-service", "payments.example"]

[key.log-1]
token = "soft"
uri = "pkcs11:token=signet-issuing;object=log-1;type=private"
public_key = "ca/log-1.pub.pem"
[key.log-1.fence]
may_sign = ["log-checkpoint"]

[log]
key = "log-1"
ceremony = "ca/transcript.jsonl"

[issuer.issuing-1]
key = "issuing-1"
root = "ca/root.pem"
TOML
}

# Who may have which certificate: policy.toml.
policy_file() {
  cat <<'TOML'
[profile.tls-server]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256", "ec-p384", "ed25519", "rsa"]
subject = "O=Example"
common_name = "from-san"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.tls-server.names]
dns = ["**"]

[client.payments]
identity = "spiffe://signet.demo/payments"
profiles = ["tls-server"]
rights = ["issue", "operate", "audit"]
must_sign = true
[client.payments.names]
dns = ["payment-service", "**.payments.example"]
TOML
}

# The client command: client.toml. The daemon's port is known once it runs.
client_file() {
  cat <<TOML
address = "$(<"$demo/address")"
server_name = "localhost"
origin = "signet.demo/issuing-1"
certificate = "tls/client.pem"
key = "tls/client.key"
trust = "ca/root.pem"
log_key = "ca/log-1.vkey"
timeout = "10s"
TOML
}
