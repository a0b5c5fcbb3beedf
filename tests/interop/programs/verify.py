# Accepts certificates as Python's ssl module does, in a TLS handshake in memory.
# Each line of standard input: purpose ("server" or "client"), root, chain, key, host name or "-", and the chain and key
# of the server that a client's certificate is shown to. Prints "yes" or why not for each.
import ssl
import sys


def context(purpose, root=None, identity=None):
    made = ssl.SSLContext(purpose)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED if root else ssl.CERT_NONE
    if root:
        made.load_verify_locations(root)
        made.verify_flags |= ssl.VERIFY_X509_STRICT
    if identity:
        made.load_cert_chain(*identity)
    return made


def shake_hands(client_context, server_context, host):
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    waiting = [client, server]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            return
    raise ssl.SSLError("the handshake does not end")


def verify(purpose, root, chain, key, host, server_chain, server_key):
    if purpose == "server":
        client = context(ssl.PROTOCOL_TLS_CLIENT, root=root)
        client.check_hostname = host != "-"
        shake_hands(client, context(ssl.PROTOCOL_TLS_SERVER, identity=(chain, key)), None if host == "-" else host)
    else:
        client = context(ssl.PROTOCOL_TLS_CLIENT, identity=(chain, key))
        server = context(ssl.PROTOCOL_TLS_SERVER, root=root, identity=(server_chain, server_key))
        shake_hands(client, server, None)


for line in sys.stdin:
    try:
        verify(*line.split())
        print("yes")
    except ssl.SSLError as error:
        print("no:", error)
