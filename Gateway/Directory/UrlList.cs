using System.Collections;

namespace PhaseMesh.Gateway.Directory;

/// <summary>The URLs of one provider, compared by what they are.</summary>
internal sealed class UrlList(IEnumerable<Uri> urls) : IReadOnlyList<Uri>, IEquatable<UrlList>
{
    private readonly Uri[] _urls = [.. urls];

    public static UrlList Empty { get; } = new([]);

    public int Count => _urls.Length;

    public Uri this[int index] => _urls[index];

    public bool Equals(UrlList? other) => other is not null && _urls.AsSpan().SequenceEqual(other._urls);

    public override bool Equals(object? obj) => Equals(obj as UrlList);

    public override int GetHashCode() => _urls.Length == 0 ? 0 : _urls[0].GetHashCode();

    public IEnumerator<Uri> GetEnumerator() => ((IEnumerable<Uri>)_urls).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _urls.GetEnumerator();
}
