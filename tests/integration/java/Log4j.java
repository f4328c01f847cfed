// SPDX-License-Identifier: Apache-2.0
import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.RollingFileAppender;
import org.apache.logging.log4j.core.appender.rolling.RollingFileManager;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.builder.api.AppenderComponentBuilder;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilder;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilderFactory;
import org.apache.logging.log4j.core.config.builder.impl.BuiltConfiguration;

/**
 * An application that logs with a RollingFile appender of log4j 2: app.log becomes app-DAY-1.log
 * and that is compressed; "direct": app-1.log, app-2.log (DirectWrite). It does what standard
 * input says: "open DIR" or "direct DIR", "write FIRST COUNT", "roll", and answers "ok".
 */
class Log4j {
    private static LoggerContext context;

    private static void open(String directory, boolean direct) {
        ConfigurationBuilder<BuiltConfiguration> builder =
                ConfigurationBuilderFactory.newConfigurationBuilder();
        String pattern = direct ? "/app-%i.log" : "/app-%d{yyyy-MM-dd}-%i.log.gz";
        AppenderComponentBuilder file =
                builder.newAppender("file", "RollingFile")
                        .addAttribute("filePattern", directory + pattern)
                        .add(builder.newLayout("PatternLayout").addAttribute("pattern", "%m%n"))
                        .addComponent(
                                builder.newComponent("SizeBasedTriggeringPolicy")
                                        .addAttribute("size", "1GB"));
        if (direct) {
            file.addComponent(builder.newComponent("DirectWriteRolloverStrategy"));
        } else {
            file.addAttribute("fileName", directory + "/app.log");
        }
        builder.add(file);
        builder.add(
                builder.newRootLogger(Level.INFO).add(builder.newAppenderRef("file")));
        if (context != null) {
            Configurator.shutdown(context);
        }
        context = Configurator.initialize(builder.build());
    }

    private static RollingFileManager manager() {
        return ((RollingFileAppender) context.getConfiguration().getAppender("file")).getManager();
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; ) {
            String[] words = line.split(" ");
            if (words[0].equals("write")) {
                int first = Integer.parseInt(words[1]), count = Integer.parseInt(words[2]);
                for (int n = first; n < first + count; n++) {
                    context.getRootLogger().info(String.format("%08d of app.log", n));
                }
            } else if (words[0].equals("roll")) {
                manager().rollover();
            } else {
                open(words[1], words[0].equals("direct"));
            }
            System.out.println("ok");
        }
    }
}
