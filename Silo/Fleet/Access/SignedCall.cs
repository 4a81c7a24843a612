using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Fleet.Access;

/// <summary>A call that passed the gate: all of its body, and who signed it.</summary>
/// <param name="Signer">Meaningful only when <see cref="IsSigned"/>.</param>
/// <param name="Nonce">Empty when unsigned.</param>
/// <param name="SignedAt">By the caller's clock.</param>
/// <param name="IsOperator">Known for calls whose role asks for it.</param>
internal sealed record SignedCall(ReadOnlyMemory<byte> Body, Ed25519PublicKey Signer, string Nonce, DateTimeOffset SignedAt,
    bool IsOperator)
{
    public bool IsSigned => Nonce.Length > 0;

    public string Key => Signer.KeyId;
}

internal static class SignedCallFeature
{
    public static SignedCall Call(this HttpContext context) =>
        context.Features.Get<SignedCall>() ?? throw new InvalidOperationException("The call did not come through the gate.");
}
