using System.Net;

namespace PhaseMesh.TestKit.Processes;

/// <summary>Asks a URL until it answers 200: how anything outside a server learns that it is ready.</summary>
public static class HttpProbe
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <exception cref="TimeoutException">No 200 within <paramref name="limit"/>; the message holds the last answer.</exception>
    public static async Task WaitForOkAsync(Uri url, TimeSpan limit, ChildProcess? server = null)
    {
        long started = TimeProvider.System.GetTimestamp();
        using HttpClient client = new() { Timeout = TimeSpan.FromSeconds(10) };
        string last = "no answer yet";
        while (TimeProvider.System.GetElapsedTime(started) < limit)
        {
            if (server is { HasExited: true })
            {
                throw new InvalidOperationException($"{server.Name} ended before {url} answered 200.{server.Tail()}");
            }

            try
            {
                using HttpResponseMessage response = await client.GetAsync(url);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }

                last = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
            {
                last = exception.Message;
            }

            await Task.Delay(Pause, TimeProvider.System);
        }

        throw new TimeoutException($"{url} did not answer 200 within {limit.TotalSeconds} s; last: {last}{server?.Tail()}");
    }
}
