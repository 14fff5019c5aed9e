package images

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func digestOf(content string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content))) }

// registry serves what it is given by path, to whoever has the login where it has one.
type registry struct {
	content map[string]string
	login   string
}

func (r registry) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	user, password, _ := request.BasicAuth()
	if r.login != "" && user+":"+password != r.login {
		answer.WriteHeader(http.StatusUnauthorized)
		return
	}
	content, found := r.content[strings.TrimPrefix(request.URL.Path, "/v2/o/app/")]
	if !found {
		answer.WriteHeader(http.StatusNotFound)
		return
	}
	fmt.Fprint(answer, content)
}

const (
	layer  = "files"
	config = `{"config": {"Labels": {"rollback-stack.sandbox/behaviour": "crash"}}}`
)

func manifest() string {
	return fmt.Sprintf(`{"config": {"digest": %q}, "layers": [{"digest": %q}]}`, digestOf(config), digestOf(layer))
}

func whole() map[string]string {
	return map[string]string{
		"manifests/" + digestOf(manifest()): manifest(), "blobs/" + digestOf(config): config, "blobs/" + digestOf(layer): layer,
	}
}

func without(path string) map[string]string {
	content := whole()
	delete(content, path)
	return content
}

func with(path, text string) map[string]string {
	content := whole()
	content[path] = text
	return content
}

func TestPullSaysWhatAKubeletSays(t *testing.T) {
	reference := "ghcr.io/o/app@" + digestOf(manifest())
	wrong := []Login{{"somebody", "wrong"}}
	start := fmt.Sprintf("failed to pull and unpack image %q: ", reference)
	resolve := start + fmt.Sprintf("failed to resolve reference %q: ", reference)
	for name, c := range map[string]struct {
		registry registry
		logins   []Login
		want     string
	}{
		"whole":                {registry: registry{content: whole()}},
		"with the login":       {registry{whole(), "user:right"}, []Login{{"user", "right"}}, ""},
		"one of two logins":    {registry{whole(), "user:right"}, append(wrong, Login{"user", "right"}), ""},
		"wrong login, public":  {registry{content: whole()}, wrong, ""},
		"missing":              {registry{content: without("manifests/" + digestOf(manifest()))}, nil, "rpc error: code = NotFound desc = " + resolve + reference + ": not found"},
		"another content":      {registry{content: with("manifests/"+digestOf(manifest()), "{}")}, nil, "rpc error: code = FailedPrecondition desc = " + start + "failed to copy: unexpected commit digest " + digestOf("{}") + ", expected " + digestOf(manifest()) + ": failed precondition"},
		"a layer that is gone": {registry{content: without("blobs/" + digestOf(layer))}, nil, "rpc error: code = NotFound desc = " + start + "failed to copy: httpReadSeeker: failed open: content at http://HOST/v2/o/app/blobs/" + digestOf(layer) + " not found: not found"},
		"no login":             {registry{whole(), "user:right"}, nil, "rpc error: code = Unknown desc = " + resolve + "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"},
		"an empty login":       {registry{whole(), "user:right"}, []Login{{"user", ""}}, "rpc error: code = Unknown desc = " + resolve + "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"},
		"a wrong login":        {registry{whole(), "user:right"}, wrong, "rpc error: code = Unknown desc = " + resolve + "unexpected status from HEAD request to http://HOST/v2/o/app/manifests/" + digestOf(manifest()) + "?ns=ghcr.io: 401 Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.registry)
			defer server.Close()
			host := strings.TrimPrefix(server.URL, "http://")
			mirror := &Mirror{Prefix: "ghcr.io/o", Location: host + "/o"}
			image, err := mirror.Pull(context.Background(), reference, c.logins)
			if c.want == "" {
				if err != nil || image.Behaviour != Crash {
					t.Fatalf("%+v, %v", image, err)
				}
				return
			}
			if err == nil || err.Error() != strings.ReplaceAll(c.want, "HOST", host) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestPullFromARegistryThatIsDown(t *testing.T) {
	server := httptest.NewServer(registry{content: whole()})
	host := strings.TrimPrefix(server.URL, "http://")
	server.Close()
	reference := "ghcr.io/o/app@" + digestOf(manifest())
	_, err := (&Mirror{Prefix: "ghcr.io/o", Location: host + "/o"}).Pull(context.Background(), reference, nil)
	want := fmt.Sprintf("failed to do request: Head \"http://%s/v2/o/app/manifests/%s?ns=ghcr.io\": dial tcp %s: connect: connection refused", host, digestOf(manifest()), host)
	if err == nil || !strings.HasPrefix(err.Error(), "rpc error: code = Unknown desc = ") || !strings.HasSuffix(err.Error(), want) {
		t.Fatalf("got  %v\nwant … %s", err, want)
	}
}

func TestMirrorIsOnLoopback(t *testing.T) {
	for _, text := range []string{"ghcr.io/o", "ghcr.io/o=10.0.0.1:5000/o", "=127.0.0.1:5000", "ghcr.io/o=registry:5000/o"} {
		if _, err := ParseMirror(text); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
	if mirror, err := ParseMirror("ghcr.io/o=127.0.0.1:5000/o"); err != nil || !mirror.Serves("ghcr.io/o/app:1") || mirror.Serves("ghcr.io/other/app:1") {
		t.Errorf("%+v, %v", mirror, err)
	}
}
