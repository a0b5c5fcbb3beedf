// The other side of note_go_test.cc: notes opened and signed by golang.org/x/mod/sumdb/note.
//
//	go_note open VKEY...   opens the note on standard input with all these keys; prints "NAME+KEYID" of every verified
//	                       signature, a line each, an empty line, and the text
//	go_note sign NAME      signs the text on standard input with a new key; prints its verifier key, a newline, the note
//	go_note folder DIR VKEY PROOF...   see folder.go
//
// Type 0x01 is the package's own. It leaves other types to its users: 0x02 and 0x04 are here, on Go's crypto.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

type verifier struct {
	name   string
	id     uint32
	verify func(text, signature []byte) bool
}

func (v verifier) Name() string                 { return v.name }
func (v verifier) KeyHash() uint32              { return v.id }
func (v verifier) Verify(text, sig []byte) bool { return v.verify(text, sig) }

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go_note:", err)
		os.Exit(1)
	}
}

// id is what the verifier key should say; the caller compares.
func id(hashed []byte) uint32 {
	sum := sha256.Sum256(hashed)
	return binary.BigEndian.Uint32(sum[:4])
}

func ecdsaVerifier(name string, spki []byte) note.Verifier {
	key, err := x509.ParsePKIXPublicKey(spki)
	must(err)
	return verifier{name, id(spki), func(text, signature []byte) bool {
		digest := sha256.Sum256(text)
		return ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), digest[:], signature)
	}}
}

func cosignatureVerifier(name string, material []byte) note.Verifier {
	hashed := append([]byte(name+"\n"), material...)
	return verifier{name, id(hashed), func(text, signature []byte) bool {
		if len(signature) != 8+ed25519.SignatureSize {
			return false
		}
		header := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(signature))
		return ed25519.Verify(material[1:], append([]byte(header), text...), signature[8:])
	}}
}

func newVerifier(vkey string) note.Verifier {
	parts := strings.SplitN(vkey, "+", 3)
	material, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	var v note.Verifier
	switch material[0] {
	case 2:
		v = ecdsaVerifier(parts[0], material[1:])
	case 4:
		v = cosignatureVerifier(parts[0], material)
	default:
		v, err = note.NewVerifier(vkey)
		must(err)
	}
	if fmt.Sprintf("%08x", v.KeyHash()) != parts[1] {
		must(fmt.Errorf("%s: the key id should be %08x", vkey, v.KeyHash()))
	}
	return v
}

func open(message []byte, vkeys []string) {
	var list []note.Verifier
	for _, vkey := range vkeys {
		list = append(list, newVerifier(vkey))
	}
	opened, err := note.Open(message, note.VerifierList(list...))
	must(err)
	for _, signature := range opened.Sigs {
		fmt.Printf("%s+%08x\n", signature.Name, signature.Hash)
	}
	fmt.Printf("\n%s", opened.Text)
}

func sign(text []byte, name string) {
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	must(err)
	signer, err := note.NewSigner(skey)
	must(err)
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	must(err)
	fmt.Println(vkey)
	_, err = io.Copy(os.Stdout, bytes.NewReader(signed))
	must(err)
}

func main() {
	if len(os.Args) >= 4 && os.Args[1] == "folder" {
		folder(os.Args[2], os.Args[3], os.Args[4:])
		return
	}
	input, err := io.ReadAll(os.Stdin)
	must(err)
	switch {
	case len(os.Args) >= 3 && os.Args[1] == "open":
		open(input, os.Args[2:])
	case len(os.Args) == 3 && os.Args[1] == "sign":
		sign(input, os.Args[2])
	default:
		must(fmt.Errorf("usage: go_note open VKEY... | sign NAME | folder DIR VKEY PROOF..."))
	}
}
