import java.sql.DriverManager;
import java.util.Properties;

/** JDBC's driver of PostgreSQL with the parameters that `countersign login` prints, and no password. */
public class ByJdbc {
    public static void main(String[] arguments) throws Exception {
        var env = System.getenv();
        var place = "jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE");
        var settings = new Properties();
        settings.setProperty("user", env.get("PGUSER"));
        try (var connection = DriverManager.getConnection(place + arguments[0], settings);
                var rows = connection.createStatement().executeQuery("SELECT 'in'")) {
            rows.next();
            System.out.println(rows.getString(1));
        }
    }
}
