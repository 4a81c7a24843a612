using System.Globalization;
using System.Text;
using PhaseMesh.Manifests.Booting;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary><c>/boot.ipxe</c>, and the directory archive it refers to.</summary>
internal sealed class BootScriptEndpoint(ReleaseCatalog catalog)
{
    public Task GetScriptAsync(HttpContext context)
    {
        if (SlotRoute.Release(context, catalog.Current, out Task answered) is not { } release)
        {
            return answered;
        }

        // HTTP/1.0 clients may send no Host; they have reached this address, so it is good for them.
        string host = context.Request.Host.HasValue ? context.Request.Host.Value : LocalHost(context.Connection);
        if (!BootScript.IsSafeHost(host))
        {
            return Problem.WriteAsync(context, StatusCodes.Status400BadRequest, "Bad host", "Expected a host name or address and a port in the Host field.");
        }

        return BootScript.Write(release.Manifest, Uri.UriSchemeHttp, host, out string? problem) is { } script
            ? WriteAsync(context, Encoding.ASCII.GetBytes(script), "text/plain; charset=utf-8", "no-store")
            : Problem.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, "No iPXE script", $"{release.Slot}: {problem}");
    }

    public static Task GetDirectoryAsync(HttpContext context) =>
        WriteAsync(context, BootScript.DirectoryArchive, "application/octet-stream", CachePolicy.Revalidate);

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
