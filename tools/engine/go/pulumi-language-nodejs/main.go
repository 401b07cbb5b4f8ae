// Command pulumi-language-nodejs is a stand-in for Pulumi's Node.js language host, which is not to be had as a
// Go module. It serves the development of this repository only: it runs a program that is already installed, and
// neither installs dependencies nor finds plugins. Wherever the official one is found, that one is used.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// exitAlreadyReported is what the Node.js SDK exits with once it has told the engine its error.
const exitAlreadyReported = 32

type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engineAddress string
	done          context.Context
}

func main() {
	if len(os.Args) < 2 {
		fatal(errors.New("started without the engine's address"))
	}
	engineAddress := os.Args[len(os.Args)-1]
	done, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	closing := make(chan bool)
	if err := rpcutil.Healthcheck(done, engineAddress, 30*time.Second, stop); err != nil {
		fatal(err)
	}
	go func() {
		<-done.Done()
		close(closing)
	}()
	serving, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: closing,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &languageHost{engineAddress: engineAddress, done: done})
			return nil
		},
	})
	if err != nil {
		fatal(err)
	}
	fmt.Println(serving.Port)
	if err := <-serving.Done; err != nil {
		fatal(err)
	}
}

func (h *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

func (h *languageHost) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *languageHost) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

func (h *languageHost) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (h *languageHost) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	info := request.GetInfo()
	runner, err := resolveRunner(info.GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	environment, err := programEnvironment(request)
	if err != nil {
		return nil, err
	}
	options := info.GetOptions().GetFields()
	arguments := strings.Fields(options["nodeargs"].GetStringValue())
	arguments = append(arguments, runner)
	arguments = append(arguments, h.programArguments(request)...)

	running, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(h.done, stop)()
	command := exec.CommandContext(running, "node", arguments...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Dir = request.GetPwd()
	command.Env = environment
	err = command.Run()

	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == exitAlreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended: %v", err)}, nil
	}
}

func (h *languageHost) programArguments(request *pulumirpc.RunRequest) []string {
	info := request.GetInfo()
	arguments := []string{
		"--monitor", request.GetMonitorAddress(),
		"--engine", h.engineAddress,
		"--organization", request.GetOrganization(),
		"--project", request.GetProject(),
		"--stack", request.GetStack(),
		"--pwd", request.GetPwd(),
		"--root-directory", info.GetRootDirectory(),
		"--parallel", strconv.Itoa(int(request.GetParallel())),
	}
	if request.GetDryRun() {
		arguments = append(arguments, "--dry-run")
	}
	arguments = append(arguments, filepath.Join(info.GetProgramDirectory(), info.GetEntryPoint()))
	return append(arguments, request.GetArgs()...)
}

// programEnvironment hands the stack's config to the program. A JSON null would end the program, so nothing
// configured is an empty object and an empty list.
func programEnvironment(request *pulumirpc.RunRequest) ([]string, error) {
	config := request.GetConfig()
	if config == nil {
		config = map[string]string{}
	}
	secretKeys := request.GetConfigSecretKeys()
	if secretKeys == nil {
		secretKeys = []string{}
	}
	configJSON, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	secretKeysJSON, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, err
	}
	environment := append(os.Environ(),
		"PULUMI_CONFIG="+string(configJSON), "PULUMI_CONFIG_SECRET_KEYS="+string(secretKeysJSON))
	if typescript, given := request.GetInfo().GetOptions().GetFields()["typescript"]; !given || typescript.GetBoolValue() {
		environment = append(environment, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	return environment, nil
}

func resolveRunner(directory string) (string, error) {
	command := exec.Command("node", "-p", "require.resolve('@pulumi/pulumi/cmd/run')")
	command.Dir = directory
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s has no @pulumi/pulumi: run npm install there (%w)", directory, err)
	}
	return strings.TrimSpace(string(output)), nil
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "pulumi-language-nodejs:", err)
	os.Exit(1)
}
