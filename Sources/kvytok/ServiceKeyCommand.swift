import ArgumentParser
import Basics
import Intake
import Store
import Tapping

extension DeviceCommand {
  struct NewServiceKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new-service-key",
      abstract: "Gives the service another key, where the file session.key is lost for good.",
      discussion: """
        A file session.key that is there becomes the one of the database; else a new one is made. Every \
        validator has to be enrolled again to open sessions. With several service processes, copy the file \
        to the others.
        """)

    @OptionGroup var person: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let isNew = try await Backbone.with(database) { backbone in
        let by = try await person.person(backbone.store, roles: [])
        guard try await !backbone.store.read({ try await $0.restores.isServed() }) else {
          throw CommandFault(
            "A service runs on this database, and with the key that it has: stop it first.",
            exitCode: CommandFault.no)
        }
        return try await backbone.renewServiceKey(by: by.label, at: .now) {
          SecureRandom.bytes(SessionSecret.byteCount)
        }
      }
      print(
        isNew
          ? "The service has another key. Enrol every validator again, so that it opens sessions."
          : "The file session.key is that of the database already.")
    }
  }
}
