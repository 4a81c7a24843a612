namespace PhaseMesh.Cluster.Hosting;

internal static class OptionsCheck
{
    private const int MaxSiloNameLength = 100;

    /// <exception cref="ArgumentException">Every option that breaks its rule, with its value and the rule.</exception>
    public static void Run(GrainClusterOptions options)
    {
        List<string> faults = [];
        Between(nameof(options.CallLimit), options.CallLimit, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        Between(nameof(options.FailFastAfter), options.FailFastAfter, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        Between(nameof(options.FreshnessBound), options.FreshnessBound, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Between(nameof(options.IdleGrainLifetime), options.IdleGrainLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Between(nameof(options.SiloLease), options.SiloLease, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Between(nameof(options.ReminderPollPeriod), options.ReminderPollPeriod, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(5));
        Between(nameof(options.MinReminderPeriod), options.MinReminderPeriod, TimeSpan.FromMilliseconds(20), TimeSpan.FromDays(1));
        Between(nameof(options.EventRetention), options.EventRetention, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365));
        Within(nameof(options.MaxTurnAttempts), options.MaxTurnAttempts, 1, 100);
        Within(nameof(options.MaxGrainsInMemory), options.MaxGrainsInMemory, 10, 100_000_000);
        Within(nameof(options.MaxEvents), options.MaxEvents, 1, 100_000_000);
        Within(nameof(options.MaxStateBytes), options.MaxStateBytes, 1024, 64 << 20);
        if (options.SiloName is not { Length: > 0 and <= MaxSiloNameLength } name || name.Any(char.IsControl))
        {
            faults.Add($"{nameof(options.SiloName)} is '{options.SiloName}'; expected 1 to {MaxSiloNameLength} characters");
        }

        if (options.Storage is null)
        {
            faults.Add($"{nameof(options.Storage)} is not set; expected GrainStorage.Postgres, Sqlite or InMemory");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"The silo can't start: {string.Join("; ", faults)}.", nameof(options));
        }

        void Between(string option, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{option} is {value}; expected {least} to {most}");
            }
        }

        void Within(string option, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{option} is {value}; expected {least} to {most}");
            }
        }
    }
}
