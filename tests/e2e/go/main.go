// SPDX-License-Identifier: Apache-2.0

// aa-go NAME ...: clients with Go's crypto/tls, for tests/e2e/test_tls_*.py. The server is in tests/e2e/tls.py.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const host = "tls.test"

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "aa-go:", err)
		os.Exit(200)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func pattern(size int) []byte {
	data := make([]byte, size)
	state := uint64(88172645463325252)
	for i := range data {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		data[i] = byte(state >> 32)
	}
	return data
}

// Recursion makes the goroutine's stack grow, that is, move, while calls are under way on it.
func deep(levels int, then func() error) error {
	var room [256]byte
	if levels > 0 {
		room[levels%256] = 1
		err := deep(levels-1, then)
		runtime.KeepAlive(&room)
		return err
	}
	return then()
}

func exchange(conn io.ReadWriter, size int) error {
	if _, err := conn.Write([]byte(fmt.Sprintf("take %d give %d\n", size, size))); err != nil {
		return err
	}
	if _, err := conn.Write(pattern(size)); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, size))
	return err
}

// talk PORT SIZE...: all on one connection.
func talk(arguments []string) {
	conn, err := tls.Dial("tcp", "127.0.0.1:"+arguments[0], &tls.Config{ServerName: host, InsecureSkipVerify: true})
	check(err)
	for _, size := range arguments[1:] {
		check(exchange(conn, number(size)))
	}
	check(conn.Close())
}

// goroutines PORT COUNT SIZE: each with a connection of its own, at once, at different depths of their stacks.
func goroutines(arguments []string) {
	var group sync.WaitGroup
	for i := 0; i < number(arguments[1]); i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			conn, err := tls.Dial("tcp", "127.0.0.1:"+arguments[0], &tls.Config{ServerName: host, InsecureSkipVerify: true})
			check(err)
			for round := 0; round < 5; round++ {
				check(deep(10<<uint(round), func() error { return exchange(conn, number(arguments[2])+i*100+round) }))
			}
			check(conn.Close())
		}(i)
	}
	group.Wait()
}

// http PORT SIZE...: net/http, POST and its answer.
func overHTTP(arguments []string) {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{ServerName: host, InsecureSkipVerify: true},
	}
	client := http.Client{Transport: transport}
	for _, size := range arguments[1:] {
		url := "https://127.0.0.1:" + arguments[0] + "/give/" + size
		answer, err := client.Post(url, "application/octet-stream", bytes.NewReader(pattern(number(size))))
		check(err)
		body, err := io.ReadAll(answer.Body)
		check(err)
		check(answer.Body.Close())
		if len(body) != number(size) {
			check(fmt.Errorf("%d bytes instead of %s", len(body), size))
		}
	}
	transport.CloseIdleConnections()
}

func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{host}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// calls CONNECTIONS ROUNDS: client and server in one process, over pipes in its memory; each round is a write and a read of
// 64 bytes on both sides. Meanwhile memory is collected without a pause, and stacks grow and shrink.
func calls(arguments []string) {
	config := &tls.Config{Certificates: []tls.Certificate{selfSigned()}}
	stop := make(chan struct{})
	var group, pressure sync.WaitGroup
	pressure.Add(1)
	go func() {
		defer pressure.Done()
		var keep [64][]byte
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			keep[i%64] = make([]byte, 1<<16)
			if i%200 == 0 {
				runtime.GC()
			}
			runtime.Gosched()
		}
	}()
	rounds := number(arguments[1])
	for i := 0; i < number(arguments[0]); i++ {
		here, there := net.Pipe()
		client := tls.Client(here, &tls.Config{ServerName: host, InsecureSkipVerify: true})
		server := tls.Server(there, config)
		group.Add(2)
		go func() {
			defer group.Done()
			buffer := make([]byte, 64)
			for round := 0; round < rounds; round++ {
				_, err := io.ReadFull(server, buffer)
				check(err)
				check(deep(round%300, func() error { _, err := server.Write(buffer); return err }))
			}
		}()
		go func() {
			defer group.Done()
			data, buffer := pattern(64), make([]byte, 64)
			for round := 0; round < rounds; round++ {
				check(deep(round%500, func() error { _, err := client.Write(data); return err }))
				check(deep(round%700, func() error { _, err := io.ReadFull(client, buffer); return err }))
				if !bytes.Equal(data, buffer) {
					check(fmt.Errorf("round %d: other bytes came back", round))
				}
			}
		}()
	}
	group.Wait()
	close(stop)
	pressure.Wait()
	fmt.Println("done")
}

func main() {
	commands := map[string]func([]string){"talk": talk, "goroutines": goroutines, "http": overHTTP, "calls": calls}
	if len(os.Args) < 3 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: aa-go talk|goroutines|http PORT ... | calls CONNECTIONS ROUNDS")
		os.Exit(2)
	}
	commands[os.Args[1]](os.Args[2:])
}
