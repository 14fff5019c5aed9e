package images

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// behaviourLabel of an image's config says what a pod of it does where it isn't simply ready.
	behaviourLabel = "rollback-stack.sandbox/behaviour"
	pullTimeout    = 10 * time.Second
	largest        = 4 << 20
	accepted       = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, */*"
)

// Mirror is where a node's runtime asks for the images of a registry, as a hosts.toml of containerd says it.
type Mirror struct {
	// Prefix is what the references begin with, Location what stands in its place: host:port/path, without TLS.
	Prefix, Location string
}

// ParseMirror reads prefix=location; an empty text is no mirror.
func ParseMirror(text string) (*Mirror, error) {
	if text == "" {
		return nil, nil
	}
	prefix, location, ok := strings.Cut(text, "=")
	host, _, _ := strings.Cut(location, "/")
	if address, _, err := net.SplitHostPort(host); !ok || prefix == "" || err != nil || !net.ParseIP(address).IsLoopback() {
		return nil, fmt.Errorf("a mirror is prefix=127.0.0.1:port/path, not %q", text)
	}
	return &Mirror{Prefix: prefix, Location: location}, nil
}

// Serves tells whether an image is asked for here.
func (m *Mirror) Serves(reference string) bool {
	return m != nil && strings.HasPrefix(reference, m.Prefix+"/")
}

// Host is the registry that the references name.
func (m *Mirror) Host() string {
	host, _, _ := strings.Cut(m.Prefix, "/")
	return host
}

// Login is what a pull secret has for a registry.
type Login struct{ User, Password string }

// Pull resolves an image, and looks whether all of it is there and is what its digest says. The error is in the words that
// a kubelet shows, which are those of containerd (core/remotes/docker).
func (m *Mirror) Pull(ctx context.Context, reference string, logins []Login) (Image, error) {
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	name, object, byDigest := split(reference)
	p := &pull{mirror: m, ctx: ctx, reference: reference, path: m.Location + strings.TrimPrefix(name, m.Prefix), logins: logins}
	if err := p.resolve(object); err != nil {
		return Image{}, p.failed("failed to resolve reference %q: %w", reference, err)
	}
	manifest, err := p.content("manifests/" + object)
	if err == nil && byDigest {
		err = same(manifest, object)
	}
	if err != nil {
		return Image{}, p.failed("failed to copy: %w", err)
	}
	return p.image(manifest)
}

// pull is one attempt.
type pull struct {
	mirror          *Mirror
	ctx             context.Context
	reference, path string
	logins          []Login
	login           *Login
}

var errNotFound = errors.New("not found")

// failed is an error of the runtime as it reaches the kubelet, over gRPC.
func (p *pull) failed(format string, values ...any) error {
	err := fmt.Errorf(format, values...)
	code := "Unknown"
	switch {
	case errors.Is(err, errNotFound):
		code = "NotFound"
	case strings.HasSuffix(err.Error(), "failed precondition"):
		code = "FailedPrecondition"
	}
	return fmt.Errorf("rpc error: code = %s desc = failed to pull and unpack image %q: %w", code, p.reference, err)
}

// resolve asks first as nobody, then with each login until one is let in.
func (p *pull) resolve(object string) error {
	tries := []*Login{nil}
	for i := range p.logins {
		if p.logins[i].Password != "" {
			tries = append(tries, &p.logins[i])
		}
	}
	var status string
	for _, p.login = range tries {
		answer, err := p.ask(http.MethodHead, "manifests/"+object)
		if err != nil {
			return fmt.Errorf("failed to do request: %w", err)
		}
		answer.Body.Close()
		switch {
		case answer.StatusCode == http.StatusOK:
			return nil
		case answer.StatusCode == http.StatusNotFound:
			return fmt.Errorf("%s: %w", p.reference, errNotFound)
		case answer.StatusCode != http.StatusUnauthorized:
			return fmt.Errorf("unexpected status from HEAD request to %s: %s", answer.Request.URL, answer.Status)
		}
		status = fmt.Sprintf("unexpected status from HEAD request to %s: %s", answer.Request.URL, answer.Status)
	}
	if len(tries) == 1 {
		return errors.New("pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials")
	}
	return errors.New(status)
}

func (p *pull) image(manifest []byte) (Image, error) {
	var parts struct {
		Config struct{ Digest string }
		Layers []struct{ Digest string }
	}
	if err := json.Unmarshal(manifest, &parts); err != nil || parts.Config.Digest == "" {
		return Image{}, p.failed("manifest of %s isn't one image's", p.reference)
	}
	config, err := p.content("blobs/" + parts.Config.Digest)
	if err == nil {
		err = same(config, parts.Config.Digest)
	}
	for _, layer := range parts.Layers {
		if err == nil {
			err = p.present("blobs/" + layer.Digest)
		}
	}
	if err != nil {
		return Image{}, p.failed("failed to copy: %w", err)
	}
	var told struct {
		Config struct{ Labels map[string]string }
	}
	if err := json.Unmarshal(config, &told); err != nil {
		return Image{}, p.failed("config of %s: %w", p.reference, err)
	}
	if behaviour := Behaviour(told.Config.Labels[behaviourLabel]); behaviour != "" {
		return Image{Behaviour: behaviour}, nil
	}
	return Image{Behaviour: Ready}, nil
}

func (p *pull) content(path string) ([]byte, error) {
	answer, err := p.ask(http.MethodGet, path)
	if err != nil {
		return nil, fmt.Errorf("failed to do request: %w", err)
	}
	defer answer.Body.Close()
	if err := p.found(answer); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(answer.Body, largest))
}

func (p *pull) present(path string) error {
	answer, err := p.ask(http.MethodHead, path)
	if err != nil {
		return fmt.Errorf("failed to do request: %w", err)
	}
	answer.Body.Close()
	return p.found(answer)
}

func (p *pull) found(answer *http.Response) error {
	url := strings.SplitN(answer.Request.URL.String(), "?", 2)[0]
	switch {
	case answer.StatusCode == http.StatusOK:
		return nil
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("httpReadSeeker: failed open: content at %s not found: %w", url, errNotFound)
	}
	return fmt.Errorf("httpReadSeeker: failed open: unexpected status from GET request to %s: %s", url, answer.Status)
}

func (p *pull) ask(method, path string) (*http.Response, error) {
	host, within, _ := strings.Cut(p.path, "/")
	url := fmt.Sprintf("http://%s/v2/%s/%s?ns=%s", host, within, path, p.mirror.Host())
	request, err := http.NewRequestWithContext(p.ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accepted)
	if p.login != nil {
		request.SetBasicAuth(p.login.User, p.login.Password)
	}
	return http.DefaultClient.Do(request)
}

// split takes a reference apart: its name, and the digest or, where there is none, the tag.
func split(reference string) (name, object string, byDigest bool) {
	name, digest, byDigest := strings.Cut(withoutTag(reference), "@")
	if byDigest {
		return name, digest, true
	}
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		return name[:colon], name[colon+1:], false
	}
	return name, "latest", false
}

func same(content []byte, digest string) error {
	if found := fmt.Sprintf("sha256:%x", sha256.Sum256(content)); found != digest {
		return fmt.Errorf("unexpected commit digest %s, expected %s: failed precondition", found, digest)
	}
	return nil
}
