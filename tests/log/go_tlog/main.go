// Checks what Signet says about Merkle trees with golang.org/x/mod/sumdb/tlog. Reads lines of JSON, one statement each,
// and writes "checked N" when tlog agrees with all; otherwise the line's number and what is wrong, and leaves with 1.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type statement struct {
	Kind string `json:"kind"`

	Size    int64       `json:"size"`
	Root    tlog.Hash   `json:"root"`
	OldSize int64       `json:"old_size"`
	OldRoot tlog.Hash   `json:"old_root"`
	Index   int64       `json:"index"`
	Leaf    tlog.Hash   `json:"leaf"`
	Proof   []tlog.Hash `json:"proof"`
	Valid   bool        `json:"valid"` // what Signet says of the proof

	Entry  []byte            `json:"entry"`
	Leaves []tlog.Hash       `json:"leaves"`
	Tiles  map[string][]byte `json:"tiles"` // by path
	Paths  []string          `json:"paths"`
	Proofs []proofFromTiles  `json:"proofs"`
}

// An inclusion proof of the index, or with an old size a consistency proof.
type proofFromTiles struct {
	Index   int64       `json:"index"`
	OldSize int64       `json:"old_size"`
	Proof   []tlog.Hash `json:"proof"`
}

// tlog has the tiles' height in the path, C2SP tlog-tiles has not.
func path(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", height))
}

func agree(valid bool, err error) error {
	if valid != (err == nil) {
		return fmt.Errorf("valid is %v, tlog says: %v", valid, err)
	}
	return nil
}

func same(proof, expected []tlog.Hash) error {
	if len(proof) == 0 && len(expected) == 0 || reflect.DeepEqual(proof, expected) {
		return nil
	}
	return fmt.Errorf("the proof is %v, tlog's is %v", proof, expected)
}

// A tree made by tlog alone.
func checkRoot(s statement) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i, leaf := range s.Leaves {
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), leaf, reader)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(s.Leaves)), reader)
	if err == nil && root != s.Root {
		err = fmt.Errorf("the root is %v, tlog's is %v", s.Root, root)
	}
	if err != nil || len(s.Leaves) == 0 {
		return err
	}
	for _, name := range s.Paths {
		t, err := tlog.ParseTilePath(strings.Replace(name, "tile/", fmt.Sprintf("tile/%d/", height), 1))
		if err != nil {
			return err
		}
		data, err := tlog.ReadTileData(t, reader)
		if err != nil {
			return err
		}
		if string(data) != string(s.Tiles[name]) {
			return fmt.Errorf("%s differs", name)
		}
	}
	return nil
}

type tiles map[string][]byte

func (tiles) Height() int                         { return height }
func (tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (m tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, t := range wanted {
		bytes, ok := m[path(t)]
		if !ok {
			return nil, fmt.Errorf("there is no %s", path(t))
		}
		data = append(data, bytes)
	}
	return data, nil
}

// Proofs that tlog makes from Signet's tiles, which it authenticates against the root.
func checkTiles(s statement) error {
	reader := tlog.TileHashReader(tlog.Tree{N: s.Size, Hash: s.Root}, tiles(s.Tiles))
	for _, p := range s.Proofs {
		var expected []tlog.Hash
		var err error
		if p.OldSize > 0 {
			expected, err = tlog.ProveTree(s.Size, p.OldSize, reader)
		} else {
			expected, err = tlog.ProveRecord(s.Size, p.Index, reader)
		}
		if err == nil {
			err = same(p.Proof, expected)
		}
		if err != nil {
			return agree(s.Valid, err)
		}
	}
	return agree(s.Valid, nil)
}

// tlog names every width between the two sizes; Signet the last, if the older tree had it not.
func checkNew(s statement) error {
	had := make(map[string]bool)
	for _, t := range tlog.NewTiles(height, 0, s.OldSize) {
		had[path(t)] = true
	}
	var expected []string
	created := tlog.NewTiles(height, s.OldSize, s.Size)
	for i, t := range created {
		wider := i+1 < len(created) && created[i+1].L == t.L && created[i+1].N == t.N
		if !wider && !had[path(t)] {
			expected = append(expected, path(t))
		}
	}
	if len(expected) == 0 && len(s.Paths) == 0 || reflect.DeepEqual(s.Paths, expected) {
		return nil
	}
	return fmt.Errorf("new are %v, tlog says %v", s.Paths, expected)
}

func check(s statement) error {
	switch s.Kind {
	case "leaf":
		if hash := tlog.RecordHash(s.Entry); hash != s.Leaf {
			return fmt.Errorf("the leaf hash is %v, tlog's is %v", s.Leaf, hash)
		}
		return nil
	case "root":
		return checkRoot(s)
	case "inclusion":
		return agree(s.Valid, tlog.CheckRecord(s.Proof, s.Size, s.Root, s.Index, s.Leaf))
	case "consistency":
		return agree(s.Valid, tlog.CheckTree(s.Proof, s.Size, s.Root, s.OldSize, s.OldRoot))
	case "tiles":
		return checkTiles(s)
	case "new":
		return checkNew(s)
	}
	return errors.New("unknown kind " + s.Kind)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<28)
	checked := 0
	for lines.Scan() {
		var s statement
		err := json.Unmarshal(lines.Bytes(), &s)
		if err == nil {
			err = check(s)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "line %d, %s: %v\n", checked+1, s.Kind, err)
			os.Exit(1)
		}
		checked++
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("checked %d\n", checked)
}
