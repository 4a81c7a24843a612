using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Hosting;

return await GatewayCommandLine.RunAsync(
    args, GatewayEnvironment.OfThisProcess, Console.Out, Console.Error, GatewayHost.RunAsync);
