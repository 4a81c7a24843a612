using System.Text;

namespace PhaseMesh.BootAgent.Parameters;

internal static class HelpText
{
    public static string Write()
    {
        StringBuilder text = new();
        text.Append("""
            phase-agent: fetches a signed kernel, initramfs and rootfs from PhaseMesh providers, verifies them and boots them by kexec.

            In a machine it takes its parameters from the kernel command line (phase.*); a flag beats a kernel parameter.
            On any host it fetches into a directory:

              phase-agent --no-kexec --output DIR --provider http://HOST:8080 --channel stable --trust ed25519:...


            """);
        foreach (ParameterDefinition parameter in ParameterTable.All)
        {
            text.Append("  ").Append(parameter.Flag);
            if (parameter.Name is not null)
            {
                text.Append(", ").Append(parameter.Name);
            }

            text.Append('\n').Append("      ").Append(parameter.Meaning).Append(".\n");
            if (parameter.Expected != "no value")
            {
                text.Append("      Expects ").Append(parameter.Expected).Append("; default ").Append(parameter.Default).Append(".\n");
            }
        }

        text.Append("\nExit codes:\n");
        foreach (AgentExitCode code in AgentExitCodes.All)
        {
            text.Append($"  {(int)code,3}  {code.Meaning()}\n");
        }

        return text.ToString().TrimEnd();
    }
}
