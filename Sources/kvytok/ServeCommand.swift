import ArgumentParser
import Logging
import Metrics
import Web

/// The running service.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Runs the service.",
    discussion: """
      Without --database-url it makes and runs a private PostgreSQL in the data folder. The first \
      start writes the first administrator's token to admin-token in that folder. One line on \
      standard output says when the service is ready:
        kvytok ready http://127.0.0.1:8080 data=/var/lib/kvytok
      SIGTERM or SIGINT lets running requests end, and stops.
      Every option may stand in the environment (KVYTOK_PORT) or in the JSON file of --config.
      """)

  @Option(help: ArgumentHelp("A JSON file with the options.", valueName: "file"))
  var config: String?

  @Option(help: "Address to listen on. (default: 127.0.0.1)")
  var host: String?

  @Option(
    help: "Port to listen on; 0 lets the system choose. (default: \(ServeSettings.portStandard))")
  var port: Int?

  @OptionGroup var database: DatabaseOptions

  @Option(help: "Parts to run. (default: intake,clearing,insight,web)")
  var roles: String?

  @Option(
    help: ArgumentHelp(
      "Folder of the tariff to publish on the first start.", valueName: "folder"))
  var tariff: String?

  @Option(
    help: ArgumentHelp(
      "Days before its receipt that a tap or a position may lie; an older tap goes to quarantine. "
        + "(default: 400)",
      valueName: "days"))
  var tapAgeDays: Int?

  @Option(
    help: ArgumentHelp(
      "Days for which positions are kept; stop visits and boardings stay. (default: 35 more than "
        + "--tap-age-days; at least 7 more)",
      valueName: "days"))
  var positionDays: Int?

  @Option(
    name: .customLong("log-level"),
    help: "trace, debug, info, notice, warning, error or critical. (default: info)")
  var logLevel: String?

  @Option(
    help: ArgumentHelp(
      "PEM file of the service's certificate: it is then reached over TLS.", valueName: "file"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("PEM file of the certificate's private key.", valueName: "file"))
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      "PEM file of the authority whose certificate every caller must show.", valueName: "file"))
  var tlsClientCa: String?

  @Option(
    help: ArgumentHelp(
      "Address or block of addresses of a proxy whose X-Forwarded-For is believed; may be given "
        + "several times.", valueName: "cidr"))
  var trustedProxy: [String] = []

  func run() async throws {
    let settings = try await ServeSettings.read(self)
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = settings.logLevel
      return handler
    }
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(registry)
    try await RunningService(settings: settings, registry: registry).run()
  }
}
