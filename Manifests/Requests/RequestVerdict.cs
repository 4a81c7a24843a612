using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Requests;

/// <summary>Why a request was refused, or who signed it.</summary>
/// <param name="Message">What was expected and found; empty when the request is good.</param>
/// <param name="Signer">Meaningful only when <see cref="IsGood"/>.</param>
/// <param name="Nonce">To be remembered, so that the request is not taken twice.</param>
/// <param name="Time">When the caller signed it, by its own clock.</param>
public sealed record RequestVerdict(RequestRefusal Refusal, string Message, Ed25519PublicKey Signer, string Nonce, DateTimeOffset Time)
{
    public bool IsGood => Refusal == RequestRefusal.None;

    internal static RequestVerdict Refuse(RequestRefusal refusal, string message) => new(refusal, message, default, string.Empty, default);
}

/// <summary>What is wrong with a request's signature.</summary>
public enum RequestRefusal
{
    None,

    /// <summary>A header is missing, or there twice.</summary>
    NotSigned,

    /// <summary>A header is not what its rule says.</summary>
    Malformed,

    /// <summary>The clocks differ by more than <see cref="RequestSignature.Window"/>, or the request is old.</summary>
    Skewed,

    BadSignature,
}
