using System.Globalization;
using System.Text;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Manifests.Booting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.Api;

/// <summary><c>/manifest.json</c> and <c>/boot.ipxe</c>, from the verified bytes of the snapshot.</summary>
internal sealed class ReleaseEndpoints(IReplicaDirectory directory, ForwardingOptions options)
{
    public Task GetManifestAsync(HttpContext context)
    {
        if (context.Request.Query["digest"] is [{ } text])
        {
            DirectoryRelease? exact = Sha256Digest.TryParse(text, out Sha256Digest digest)
                ? directory.Current.Releases.FirstOrDefault(release => release.Manifest.Digest == digest)
                : null;
            return exact is null
                ? Problem.NotFoundAsync(context, $"No release that is served has the manifest asked for; expected {Sha256Digest.Expected}.")
                : ManifestResponse.WriteAsync(context, exact.Manifest, CachePolicy.Immutable);
        }

        return Find(context, out Task answered) is { } release
            ? ManifestResponse.WriteAsync(context, release.Manifest, CachePolicy.Revalidate)
            : answered;
    }

    public Task GetBootScriptAsync(HttpContext context)
    {
        if (Find(context, out Task answered) is not { } release)
        {
            return answered;
        }

        // HTTP/1.0 clients may send no Host; they have reached this address, so it is good for them.
        string host = context.Request.Host.HasValue ? context.Request.Host.Value : LocalHost(context.Connection);
        if (!BootScript.IsSafeHost(host))
        {
            return Problem.WriteAsync(
                context, StatusCodes.Status400BadRequest, "Bad host", "Expected a host name or address and a port in the Host field.");
        }

        return BootScript.Write(release.Manifest, context.Request.Scheme, host, out string? problem) is { } script
            ? WriteAsync(context, Encoding.ASCII.GetBytes(script), "text/plain; charset=utf-8", "no-store")
            : Problem.WriteAsync(
                context, StatusCodes.Status422UnprocessableEntity, "No iPXE script", $"{release.Channel}/{release.Arch}: {problem}");
    }

    public static Task GetDirectoryArchiveAsync(HttpContext context) =>
        WriteAsync(context, BootScript.DirectoryArchive, "application/octet-stream", CachePolicy.Revalidate);

    private DirectoryRelease? Find(HttpContext context, out Task answered)
    {
        answered = Task.CompletedTask;
        ReleaseChannelName channel = options.DefaultChannel;
        MachineArch arch = options.DefaultArch;
        RouteValueDictionary values = context.Request.RouteValues;
        DirectorySnapshot current = directory.Current;
        bool isNamed = values.Count == 0 || (ReleaseChannelName.TryParse(values["channel"] as string, out channel)
            && MachineArch.TryParse(values["arch"] as string, out arch));
        DirectoryRelease? release = isNamed
            ? current.Releases.FirstOrDefault(release => release.Channel == channel && release.Arch == arch)
            : null;
        if (release is null)
        {
            string asked = values.Count == 0 ? $"{channel}/{arch}" : $"{values["channel"]}/{values["arch"]}";
            string known = string.Join(", ", current.Releases.Select(release => $"{release.Channel}/{release.Arch}").Distinct());
            answered = Problem.NotFoundAsync(context, $"No provider serves {asked}; known are {(known.Length == 0 ? "none yet" : known)}.");
        }

        return release;
    }

    private static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> content, string contentType, string cacheControl)
    {
        context.Response.ContentType = contentType;
        context.Response.ContentLength = content.Length;
        context.Response.Headers.CacheControl = cacheControl;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(content).AsTask();
    }

    private static string LocalHost(ConnectionInfo connection)
    {
        System.Net.IPAddress address = connection.LocalIpAddress ?? System.Net.IPAddress.Loopback;
        return new System.Net.IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, connection.LocalPort)
            .ToString().ToLower(CultureInfo.InvariantCulture);
    }
}
