package main

// A whole folder of a log, read as C2SP tlog-tiles has it and checked with golang.org/x/mod/sumdb/tlog: the checkpoint,
// every tile on the way to every entry, every bundle, every older checkpoint, and tlog-proofs.

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

func read(path string) []byte {
	data, err := os.ReadFile(path)
	must(err)
	return data
}

func openCheckpoint(signed []byte, known note.Verifiers, origin string) tlog.Tree {
	opened, err := note.Open(signed, known)
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		must(fmt.Errorf("%q is no checkpoint of %s", opened.Text, origin))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

// Tiles by the paths of C2SP, which have no height in them.
type folderTiles string

func (folderTiles) Height() int                         { return tileHeight }
func (folderTiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (dir folderTiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range wanted {
		path := "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", tileHeight))
		data, err := os.ReadFile(filepath.Join(string(dir), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func entries(dir string, size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*tileWidth < size; n++ {
		t := tlog.Tile{H: tileHeight, L: -1, N: n, W: tileWidth}
		if size-n*tileWidth < tileWidth {
			t.W = int(size - n*tileWidth)
		}
		path := strings.Replace(t.Path(), fmt.Sprintf("tile/%d/data/", tileHeight), "tile/entries/", 1)
		bundle := read(filepath.Join(dir, path))
		for i := 0; i < t.W; i++ {
			length := binary.BigEndian.Uint16(bundle)
			all = append(all, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			must(fmt.Errorf("%s has %d bytes too many", path, len(bundle)))
		}
	}
	return all
}

func checkProof(path string, known note.Verifiers, origin string) {
	parts := bytes.SplitN(read(path), []byte("\n\n"), 2)
	lines := strings.Split(string(parts[0]), "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		must(fmt.Errorf("%s is no proof", path))
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	must(err)
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	must(err)
	var hashes tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		must(err)
		hashes = append(hashes, hash)
	}
	tree := openCheckpoint(parts[1], known, origin)
	must(tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
}

func folder(dir, vkey string, proofs []string) {
	verifier := newVerifier(vkey)
	known := note.VerifierList(verifier)
	tree := openCheckpoint(read(filepath.Join(dir, "checkpoint")), known, verifier.Name())
	reader := tlog.TileHashReader(tree, folderTiles(dir))
	for i, entry := range entries(dir, tree.N) {
		path, err := tlog.ProveRecord(tree.N, int64(i), reader)
		must(err)
		must(tlog.CheckRecord(path, tree.N, tree.Hash, int64(i), tlog.RecordHash(entry)))
	}
	older := 0
	for rest := read(filepath.Join(dir, "checkpoints")); len(rest) > 0; older++ {
		text := bytes.Index(rest, []byte("\n\n")) + 2
		end := text + bytes.Index(rest[text:], []byte("\n\n")) + 1
		old := openCheckpoint(rest[:end], known, verifier.Name())
		rest = rest[end+1:]
		path, err := tlog.ProveTree(tree.N, old.N, reader)
		must(err)
		must(tlog.CheckTree(path, tree.N, tree.Hash, old.N, old.Hash))
	}
	for _, path := range proofs {
		checkProof(path, known, verifier.Name())
	}
	fmt.Printf("%d entries, %d checkpoints, %d proofs\n", tree.N, older, len(proofs))
}
